"""The layers that a stranger's model may be made of, and the settings each may have.

None of them runs code of the file, reads or writes files, or uses the network.
"""

from typing import Any

from kerasae.safety import layer_weights as weights
from kerasae.safety.config_objects import AXIS, COMMON, SEED, activation, built_in, parameters
from kerasae.safety.config_values import (
    Checker,
    choice,
    count,
    flag,
    items,
    number,
    one_or_more,
    optional,
    settings,
)


class Layer:
    """What is known of a layer.

    Args:
        count_weights: Counts the numbers in its weights.
        **settings: The checker of each setting, besides those that all layers have.
    """

    def __init__(
        self, count_weights: weights.WeightCounter = weights.none, /, **settings: Checker
    ) -> None:
        self.count_weights = count_weights
        self.settings = settings


# A factor on the size of images: of strides, pooling, padding and the like.
_FACTOR = count(1, 1024)
_FACTORS = one_or_more(_FACTOR, 3)
_BORDERS = one_or_more(one_or_more(count(0, 1024), 2), 3)
_RATE = number(0, 1)
_FORMAT = settings(data_format=optional(choice("channels_last", "channels_first")))
_PADDING = choice("valid", "same")
SHAPE = items(optional(count()), 6)
_NUMBER = optional(number())
_ACTIVATION_LAYERS = {
    "ReLU": settings(max_value=_NUMBER, negative_slope=_NUMBER, threshold=_NUMBER),
    "LeakyReLU": settings(negative_slope=number()),
    "ELU": settings(alpha=number()),
    "Softmax": settings(axis=AXIS),
}
_activation_layer = built_in(
    "keras.layers", **{kind: {**own, **COMMON} for kind, own in _ACTIVATION_LAYERS.items()}
)


def _activation(value: Any) -> Any:
    if isinstance(value, dict) and value.get("module") == "keras.layers":
        return _activation_layer(value)
    return activation(value)


_DENSE = settings(activation=_activation, use_bias=flag, **parameters("kernel", "bias"))
_CONVOLUTION = settings(
    kernel_size=items(_FACTOR, 3),
    strides=_FACTORS,
    padding=_PADDING,
    output_padding=optional(_BORDERS),
    dilation_rate=_FACTORS,
    **_DENSE,
    **_FORMAT,
)
_FILTERS = settings(filters=count(), groups=count(), **_CONVOLUTION)
_DEPTHWISE = settings(depth_multiplier=count(), **_CONVOLUTION, **parameters("depthwise"))
_POOLING = settings(pool_size=_FACTORS, strides=optional(_FACTORS), padding=_PADDING, **_FORMAT)
_NORMALIZATION = settings(
    axis=AXIS, epsilon=number(0), center=flag, scale=flag, **parameters("beta", "gamma")
)
_NOISE = settings(rate=_RATE, seed=SEED)
_SHAPED_NOISE = settings(noise_shape=optional(SHAPE), **_NOISE)

LAYERS = {
    "InputLayer": Layer(
        batch_shape=SHAPE, sparse=choice(False), ragged=choice(False), optional=flag
    ),
    "Dense": Layer(weights.dense, units=count(), **_DENSE),
    "Conv1D": Layer(weights.convolution, **_FILTERS),
    "Conv2D": Layer(weights.convolution, **_FILTERS),
    "Conv1DTranspose": Layer(weights.convolution, **_FILTERS),
    "Conv2DTranspose": Layer(weights.convolution, **_FILTERS),
    "DepthwiseConv2D": Layer(weights.depthwise_convolution, **_DEPTHWISE),
    "SeparableConv2D": Layer(
        weights.separable_convolution, filters=count(), **_DEPTHWISE, **parameters("pointwise")
    ),
    "BatchNormalization": Layer(
        weights.batch_normalization,
        momentum=_RATE,
        synchronized=choice(False),
        renorm=choice(False),
        renorm_momentum=_RATE,
        **_NORMALIZATION,
        **parameters("moving_mean", "moving_variance"),
    ),
    "LayerNormalization": Layer(weights.layer_normalization, rms_scaling=flag, **_NORMALIZATION),
    "GroupNormalization": Layer(weights.group_normalization, groups=count(-1), **_NORMALIZATION),
    "Normalization": Layer(weights.normalization, axis=optional(AXIS), invert=flag),
    "UnitNormalization": Layer(axis=AXIS),
    "Rescaling": Layer(scale=one_or_more(number()), offset=one_or_more(number())),
    "PReLU": Layer(weights.p_relu, shared_axes=optional(items(count(1, 8))), **parameters("alpha")),
    "Activation": Layer(activation=_activation),
    **{kind: Layer(**own) for kind, own in _ACTIVATION_LAYERS.items()},
    "ActivityRegularization": Layer(l1=number(0), l2=number(0)),
    "Dropout": Layer(**_SHAPED_NOISE),
    "SpatialDropout2D": Layer(**_NOISE, **_FORMAT),
    "AlphaDropout": Layer(**_SHAPED_NOISE),
    "GaussianDropout": Layer(**_NOISE),
    "GaussianNoise": Layer(stddev=number(0), seed=SEED),
    "Reshape": Layer(target_shape=items(optional(count(-1)), 6)),
    "Flatten": Layer(**_FORMAT),
    "Permute": Layer(dims=items(count(1, 8))),
    "RepeatVector": Layer(n=_FACTOR),
    "Identity": Layer(),
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), Layer()),
    "Concatenate": Layer(axis=count(-8, 8)),
    "MaxPooling1D": Layer(**_POOLING),
    "MaxPooling2D": Layer(**_POOLING),
    "AveragePooling1D": Layer(**_POOLING),
    "AveragePooling2D": Layer(**_POOLING),
    "GlobalMaxPooling2D": Layer(keepdims=flag, **_FORMAT),
    "GlobalAveragePooling2D": Layer(keepdims=flag, **_FORMAT),
    "UpSampling1D": Layer(size=_FACTOR),
    "UpSampling2D": Layer(
        size=_FACTORS, interpolation=choice("nearest", "bilinear", "bicubic"), **_FORMAT
    ),
    "ZeroPadding2D": Layer(padding=_BORDERS, **_FORMAT),
    "Cropping2D": Layer(cropping=_BORDERS, **_FORMAT),
}
