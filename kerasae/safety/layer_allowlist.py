"""The layers that a stranger's model may be made of, and the settings each may have.

None of them runs code of the file, reads or writes files, or uses the network.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

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
    choice,
    count,
    either,
    flag,
    items,
    name,
    number,
    optional,
)

Settings = dict[str, Checker]


@dataclasses.dataclass(frozen=True)
class Layer:
    """What is known of a layer.

    Args:
        settings: The checker of each setting, besides those that all layers have.
        weights: Counts the numbers in its weights.
    """

    settings: Mapping[str, Checker]
    weights: weights.WeightCounter = weights.none


# A factor on the size of images: of strides, pooling, padding and the like.
_FACTOR = count(1, 1024)
_FACTORS = either(list, items(_FACTOR, 3), _FACTOR)
_BORDER = count(0, 1024)
_BORDERS = either(list, items(either(list, items(_BORDER, 2), _BORDER), 3), _BORDER)
_RATE = number(0, 1)
_FORMAT: Settings = {"data_format": optional(choice("channels_last", "channels_first"))}
_PADDING = choice("valid", "same")
SHAPE = items(optional(count()), 6)
COMMON: Settings = {
    "name": name,
    "trainable": flag,
    "dtype": dtype,
    "activity_regularizer": regularizer,
}
_ACTIVATION_LAYERS: dict[str, Settings] = {
    "ReLU": {
        "max_value": optional(number()),
        "negative_slope": optional(number()),
        "threshold": optional(number()),
    },
    "LeakyReLU": {"negative_slope": number()},
    "ELU": {"alpha": number()},
    "Softmax": {"axis": AXIS},
}
_activation = either(
    str,
    activation,
    lambda value: (
        built_in({k: {**s, **COMMON} for k, s in _ACTIVATION_LAYERS.items()}, "keras.layers")(value)
        if isinstance(value, dict) and value.get("module") == "keras.layers"
        else activation(value)
    ),
)


def _parameters(*kinds: str) -> Settings:
    """The initializer, regularizer and constraint of each kind of weight."""
    makers = {"initializer": initializer, "regularizer": regularizer, "constraint": constraint}
    return {f"{kind}_{what}": maker for kind in kinds for what, maker in makers.items()}


_CONVOLUTION: Settings = {
    "kernel_size": items(_FACTOR, 3),
    "strides": _FACTORS,
    "padding": _PADDING,
    "output_padding": optional(_BORDERS),
    "dilation_rate": _FACTORS,
    "activation": _activation,
    "use_bias": flag,
    **_FORMAT,
    **_parameters("kernel", "bias"),
}
_FILTERS: Settings = {"filters": count(), "groups": count(), **_CONVOLUTION}
_DEPTHWISE: Settings = {
    **_CONVOLUTION, "depth_multiplier": count(), **_parameters("depthwise"),
}  # fmt: skip
_POOLING: Settings = {
    "pool_size": _FACTORS, "strides": optional(_FACTORS), "padding": _PADDING, **_FORMAT,
}  # fmt: skip
_NORMALIZATION: Settings = {
    "axis": AXIS,
    "epsilon": number(0),
    "center": flag,
    "scale": flag,
    **_parameters("beta", "gamma"),
}
_NOISE: Settings = {"rate": _RATE, "seed": SEED}

LAYERS: dict[str, Layer] = {
    "InputLayer": Layer(
        {"batch_shape": SHAPE, "sparse": choice(False), "ragged": choice(False), "optional": flag}
    ),
    "Dense": Layer(
        {
            "units": count(),
            "activation": _activation,
            "use_bias": flag,
            **_parameters("kernel", "bias"),
        },
        weights.dense,
    ),
    "Conv1D": Layer(_FILTERS, weights.convolution),
    "Conv2D": Layer(_FILTERS, weights.convolution),
    "Conv1DTranspose": Layer(_FILTERS, weights.convolution),
    "Conv2DTranspose": Layer(_FILTERS, weights.convolution),
    "DepthwiseConv2D": Layer(_DEPTHWISE, weights.depthwise_convolution),
    "SeparableConv2D": Layer(
        {**_DEPTHWISE, "filters": count(), **_parameters("pointwise")},
        weights.separable_convolution,
    ),
    "BatchNormalization": Layer(
        {
            **_NORMALIZATION,
            "momentum": _RATE,
            "synchronized": choice(False),
            "renorm": choice(False),
            "renorm_momentum": _RATE,
            **_parameters("moving_mean", "moving_variance"),
        },
        weights.batch_normalization,
    ),
    "LayerNormalization": Layer(
        {**_NORMALIZATION, "rms_scaling": flag}, weights.layer_normalization
    ),
    "GroupNormalization": Layer(
        {**_NORMALIZATION, "groups": count(-1)}, weights.group_normalization
    ),
    "Normalization": Layer({"axis": optional(AXIS), "invert": flag}, weights.normalization),
    "UnitNormalization": Layer({"axis": AXIS}),
    "Rescaling": Layer(
        {
            "scale": either(list, items(number()), number()),
            "offset": either(list, items(number()), number()),
        }
    ),
    "PReLU": Layer(
        {"shared_axes": optional(items(count(1, 8))), **_parameters("alpha")}, weights.p_relu
    ),
    "Activation": Layer({"activation": _activation}),
    **{kind: Layer(settings) for kind, settings in _ACTIVATION_LAYERS.items()},
    "ActivityRegularization": Layer({"l1": number(0), "l2": number(0)}),
    "Dropout": Layer({**_NOISE, "noise_shape": optional(SHAPE)}),
    "SpatialDropout2D": Layer({**_NOISE, **_FORMAT}),
    "AlphaDropout": Layer({**_NOISE, "noise_shape": optional(SHAPE)}),
    "GaussianDropout": Layer(_NOISE),
    "GaussianNoise": Layer({"stddev": number(0), "seed": SEED}),
    "Reshape": Layer({"target_shape": items(optional(count(-1)), 6)}),
    "Flatten": Layer(_FORMAT),
    "Permute": Layer({"dims": items(count(1, 8))}),
    "RepeatVector": Layer({"n": _FACTOR}),
    "Identity": Layer({}),
    **{
        kind: Layer({}) for kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    },
    "Concatenate": Layer({"axis": count(-8, 8)}),
    **{
        f"{kind}Pooling{rank}": Layer(_POOLING)
        for kind in ("Max", "Average")
        for rank in ("1D", "2D")
    },
    **{
        f"Global{kind}Pooling2D": Layer({**_FORMAT, "keepdims": flag})
        for kind in ("Max", "Average")
    },
    "UpSampling1D": Layer({"size": _FACTOR}),
    "UpSampling2D": Layer(
        {"size": _FACTORS, "interpolation": choice("nearest", "bilinear", "bicubic"), **_FORMAT}
    ),
    "ZeroPadding2D": Layer({"padding": _BORDERS, **_FORMAT}),
    "Cropping2D": Layer({"cropping": _BORDERS, **_FORMAT}),
}
