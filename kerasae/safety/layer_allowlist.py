"""The layers that an untrusted model may be made of, and the settings each may have.

None of them runs code of the file, reads or writes files, or uses the network.
"""

from typing import Any

from kerasae.safety import config_objects as objects
from kerasae.safety import config_values as check
from kerasae.safety import layer_weights as weights
from kerasae.safety.config_objects import AXIS, SEED
from kerasae.safety.config_values import Checker, Settings, settings


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
_FACTOR = check.count(1, 1024)
_FACTORS = check.one_or_more(_FACTOR, 3)
_BORDERS = check.one_or_more(check.one_or_more(check.count(0, 1024), 2), 3)
_NUMBER, _RATE, _SIZE, _OFF = check.number(), check.number(0, 1), check.count(), check.choice(False)
_FORMAT = settings(data_format=check.optional(check.choice("channels_last", "channels_first")))
_PADDING = check.choice("valid", "same")
SHAPE = check.items(check.optional(_SIZE), 6)
COMMON = settings(
    name=check.name, trainable=check.flag, dtype=objects.dtype,
    activity_regularizer=objects.regularizer,
)  # fmt: skip
_ACTIVATION_LAYERS = {
    "ReLU": dict.fromkeys(("max_value", "negative_slope", "threshold"), check.optional(_NUMBER)),
    "LeakyReLU": settings(negative_slope=_NUMBER),
    "ELU": settings(alpha=_NUMBER),
    "Softmax": settings(axis=AXIS),
}
_activation_layer = objects.built_in(
    "keras.layers", **{kind: {**own, **COMMON} for kind, own in _ACTIVATION_LAYERS.items()}
)


def _activation(value: Any) -> Any:
    if isinstance(value, dict) and value.get("module") == "keras.layers":
        return _activation_layer(value)
    return objects.activation(value)


def _parameters(*kinds: str) -> Settings:
    """The initializer, regularizer and constraint of each kind of weight."""
    parts = ("initializer", "regularizer", "constraint")
    return {f"{kind}_{part}": getattr(objects, part) for kind in kinds for part in parts}


_DENSE = settings(activation=_activation, use_bias=check.flag, **_parameters("kernel", "bias"))
_CONVOLUTION = settings(
    kernel_size=check.items(_FACTOR, 3), strides=_FACTORS, padding=_PADDING,
    output_padding=check.optional(_BORDERS), dilation_rate=_FACTORS, **_DENSE, **_FORMAT,
)  # fmt: skip
_DEPTHWISE = settings(depth_multiplier=_SIZE, **_CONVOLUTION, **_parameters("depthwise"))
_NORMALIZATION = settings(
    axis=AXIS, epsilon=check.number(0), center=check.flag, scale=check.flag,
    **_parameters("beta", "gamma"),
)  # fmt: skip
_NOISE = settings(rate=_RATE, seed=SEED)
_SIZES = settings(height=_SIZE, width=_SIZE, **_FORMAT)
_FILLING = settings(
    fill_mode=check.choice("constant", "reflect", "wrap", "nearest"), fill_value=_NUMBER,
    interpolation=check.choice("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"),
)  # fmt: skip
# Of layers that change images while they train, and at no other time.
_RANDOM = settings(seed=SEED, **_FORMAT)
_CHANGE = check.optional(check.one_or_more(_NUMBER, 2))
_VALUES = settings(value_range=check.items(_NUMBER, 2))

# Layers that have the same settings share a line.
_LAYERS = {
    "InputLayer": Layer(batch_shape=SHAPE, sparse=_OFF, ragged=_OFF, optional=check.flag),
    "Dense": Layer(weights.dense, units=_SIZE, **_DENSE),
    "Conv1D Conv2D Conv1DTranspose Conv2DTranspose": Layer(
        weights.convolution, filters=_SIZE, groups=_SIZE, **_CONVOLUTION
    ),
    "DepthwiseConv2D": Layer(weights.depthwise_convolution, **_DEPTHWISE),
    "SeparableConv2D": Layer(
        weights.separable_convolution, filters=_SIZE, **_DEPTHWISE, **_parameters("pointwise")
    ),
    "BatchNormalization": Layer(
        weights.batch_normalization, momentum=_RATE, synchronized=_OFF, renorm=_OFF,
        renorm_momentum=_RATE, **_NORMALIZATION, **_parameters("moving_mean", "moving_variance"),
    ),
    "LayerNormalization": Layer(
        weights.layer_normalization, rms_scaling=check.flag, **_NORMALIZATION
    ),
    "GroupNormalization": Layer(
        weights.group_normalization, groups=check.count(-1), **_NORMALIZATION
    ),
    "Normalization": Layer(weights.normalization, axis=check.optional(AXIS), invert=check.flag),
    "UnitNormalization": Layer(axis=AXIS),
    "Rescaling": Layer(scale=check.one_or_more(_NUMBER), offset=check.one_or_more(_NUMBER)),
    "PReLU": Layer(
        weights.p_relu, shared_axes=check.optional(check.items(check.count(1, 8))),
        **_parameters("alpha"),
    ),
    "Activation": Layer(activation=_activation),
    **{kind: Layer(**own) for kind, own in _ACTIVATION_LAYERS.items()},
    "ActivityRegularization": Layer(l1=check.number(0), l2=check.number(0)),
    "Dropout AlphaDropout": Layer(noise_shape=check.optional(SHAPE), **_NOISE),
    "SpatialDropout2D": Layer(**_NOISE, **_FORMAT),
    "GaussianDropout": Layer(**_NOISE),
    "GaussianNoise": Layer(stddev=check.number(0), seed=SEED),
    "Reshape": Layer(target_shape=check.items(check.optional(check.count(-1)), 6)),
    "Flatten": Layer(**_FORMAT),
    "Permute": Layer(dims=check.items(check.count(1, 8))),
    "RepeatVector": Layer(n=_FACTOR),
    "Identity Add Subtract Multiply Average Maximum Minimum": Layer(),
    "Concatenate": Layer(axis=check.count(-8, 8)),
    "MaxPooling1D MaxPooling2D AveragePooling1D AveragePooling2D": Layer(
        pool_size=_FACTORS, strides=check.optional(_FACTORS), padding=_PADDING, **_FORMAT
    ),
    "GlobalMaxPooling2D GlobalAveragePooling2D": Layer(keepdims=check.flag, **_FORMAT),
    "UpSampling1D": Layer(size=_FACTOR),
    "UpSampling2D": Layer(
        size=_FACTORS, interpolation=check.choice("nearest", "bilinear", "bicubic"), **_FORMAT
    ),
    "ZeroPadding2D": Layer(padding=_BORDERS, **_FORMAT),
    "Cropping2D": Layer(cropping=_BORDERS, **_FORMAT),
    "CenterCrop": Layer(**_SIZES),
    "RandomCrop": Layer(seed=SEED, **_SIZES),
    "Resizing": Layer(
        crop_to_aspect_ratio=check.flag, pad_to_aspect_ratio=check.flag, antialias=check.flag,
        **_SIZES, **_FILLING,
    ),
    "RandomFlip": Layer(
        mode=check.choice("horizontal", "vertical", "horizontal_and_vertical"), **_RANDOM
    ),
    "RandomRotation": Layer(factor=_CHANGE, **_FILLING, **_RANDOM),
    "RandomTranslation RandomZoom": Layer(
        height_factor=_CHANGE, width_factor=_CHANGE, **_FILLING, **_RANDOM
    ),
    "RandomContrast RandomBrightness": Layer(factor=_CHANGE, **_VALUES, **_RANDOM),
}  # fmt: skip
LAYERS = {name: layer for names, layer in _LAYERS.items() for name in names.split()}
