"""The layers that a stranger's model may be made of, and the settings each may have.

None of them runs code of the file, reads or writes files, or uses the network.
"""

import dataclasses
from typing import Any

from kerasae.safety import layer_weights as weights
from kerasae.safety.config_objects import (
    AXIS,
    SEED,
    activation,
    built_in,
    constraint,
    dtype,
    initializer,
    regularizer,
)
from kerasae.safety.config_values import (
    Checker,
    Settings,
    choice,
    count,
    flag,
    items,
    name,
    number,
    one_or_more,
    optional,
    settings,
)


@dataclasses.dataclass(frozen=True)
class Layer:
    """What is known of a layer.

    Args:
        settings: The checker of each setting, besides those that all layers have.
        count_weights: Counts the numbers in its weights.
    """

    settings: Settings
    count_weights: weights.WeightCounter = weights.none


def _layer(count_weights: weights.WeightCounter = weights.none, /, **checkers: Checker) -> Layer:
    return Layer(checkers, count_weights)


# A factor on the size of images: of strides, pooling, padding and the like.
_FACTOR = count(1, 1024)
_FACTORS = one_or_more(_FACTOR, 3)
_BORDERS = one_or_more(one_or_more(count(0, 1024), 2), 3)
_RATE = number(0, 1)
_FORMAT = settings(data_format=optional(choice("channels_last", "channels_first")))
_PADDING = choice("valid", "same")
SHAPE = items(optional(count()), 6)
COMMON = settings(name=name, trainable=flag, dtype=dtype, activity_regularizer=regularizer)
_ACTIVATION_LAYERS = {
    "ReLU": settings(
        max_value=optional(number()),
        negative_slope=optional(number()),
        threshold=optional(number()),
    ),
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


def _parameters(*kinds: str) -> Settings:
    """The initializer, regularizer and constraint of each kind of weight."""
    makers = {"initializer": initializer, "regularizer": regularizer, "constraint": constraint}
    return {f"{kind}_{what}": maker for kind in kinds for what, maker in makers.items()}


_DENSE = settings(activation=_activation, use_bias=flag, **_parameters("kernel", "bias"))
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
_DEPTHWISE = settings(depth_multiplier=count(), **_CONVOLUTION, **_parameters("depthwise"))
_POOLING = settings(pool_size=_FACTORS, strides=optional(_FACTORS), padding=_PADDING, **_FORMAT)
_NORMALIZATION = settings(
    axis=AXIS, epsilon=number(0), center=flag, scale=flag, **_parameters("beta", "gamma")
)
_NOISE = settings(rate=_RATE, seed=SEED)
_SHAPED_NOISE = settings(noise_shape=optional(SHAPE), **_NOISE)

LAYERS = {
    "InputLayer": _layer(
        batch_shape=SHAPE, sparse=choice(False), ragged=choice(False), optional=flag
    ),
    "Dense": _layer(weights.dense, units=count(), **_DENSE),
    "Conv1D": Layer(_FILTERS, weights.convolution),
    "Conv2D": Layer(_FILTERS, weights.convolution),
    "Conv1DTranspose": Layer(_FILTERS, weights.convolution),
    "Conv2DTranspose": Layer(_FILTERS, weights.convolution),
    "DepthwiseConv2D": Layer(_DEPTHWISE, weights.depthwise_convolution),
    "SeparableConv2D": _layer(
        weights.separable_convolution,
        filters=count(),
        **_DEPTHWISE,
        **_parameters("pointwise"),
    ),
    "BatchNormalization": _layer(
        weights.batch_normalization,
        momentum=_RATE,
        synchronized=choice(False),
        renorm=choice(False),
        renorm_momentum=_RATE,
        **_NORMALIZATION,
        **_parameters("moving_mean", "moving_variance"),
    ),
    "LayerNormalization": _layer(weights.layer_normalization, rms_scaling=flag, **_NORMALIZATION),
    "GroupNormalization": _layer(weights.group_normalization, groups=count(-1), **_NORMALIZATION),
    "Normalization": _layer(weights.normalization, axis=optional(AXIS), invert=flag),
    "UnitNormalization": _layer(axis=AXIS),
    "Rescaling": _layer(scale=one_or_more(number()), offset=one_or_more(number())),
    "PReLU": _layer(
        weights.p_relu, shared_axes=optional(items(count(1, 8))), **_parameters("alpha")
    ),
    "Activation": _layer(activation=_activation),
    **{kind: Layer(own) for kind, own in _ACTIVATION_LAYERS.items()},
    "ActivityRegularization": _layer(l1=number(0), l2=number(0)),
    "Dropout": Layer(_SHAPED_NOISE),
    "SpatialDropout2D": _layer(**_NOISE, **_FORMAT),
    "AlphaDropout": Layer(_SHAPED_NOISE),
    "GaussianDropout": Layer(_NOISE),
    "GaussianNoise": _layer(stddev=number(0), seed=SEED),
    "Reshape": _layer(target_shape=items(optional(count(-1)), 6)),
    "Flatten": Layer(_FORMAT),
    "Permute": _layer(dims=items(count(1, 8))),
    "RepeatVector": _layer(n=_FACTOR),
    "Identity": _layer(),
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), _layer()),
    "Concatenate": _layer(axis=count(-8, 8)),
    "MaxPooling1D": Layer(_POOLING),
    "MaxPooling2D": Layer(_POOLING),
    "AveragePooling1D": Layer(_POOLING),
    "AveragePooling2D": Layer(_POOLING),
    "GlobalMaxPooling2D": _layer(keepdims=flag, **_FORMAT),
    "GlobalAveragePooling2D": _layer(keepdims=flag, **_FORMAT),
    "UpSampling1D": _layer(size=_FACTOR),
    "UpSampling2D": _layer(
        size=_FACTORS, interpolation=choice("nearest", "bilinear", "bicubic"), **_FORMAT
    ),
    "ZeroPadding2D": _layer(padding=_BORDERS, **_FORMAT),
    "Cropping2D": _layer(cropping=_BORDERS, **_FORMAT),
}
