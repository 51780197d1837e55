"""How many numbers a layer's weights hold, from its settings, before anything is built."""

import math
from collections.abc import Callable
from typing import Any

from kerasae.files.local_files import Refused

Config = dict[str, Any]
Shape = list[Any]
WeightCounter = Callable[[Config, Shape], int]


def none(config: Config, shape: Shape) -> int:
    """The count of a layer without weights."""
    return 0


def dense(config: Config, shape: Shape) -> int:
    units = config["units"]
    return _size(shape[-1], units) + _bias(config, units)


def convolution(config: Config, shape: Shape) -> int:
    filters, groups = config["filters"], config.get("groups", 1)
    channels = _channels(config, shape)
    if channels % groups or filters % groups:
        raise Refused(f"groups: received {groups}; expected a divisor of the channels and filters")
    return _size(*config["kernel_size"], channels // groups, filters) + _bias(config, filters)


def depthwise_convolution(config: Config, shape: Shape) -> int:
    outputs = _size(_channels(config, shape), config["depth_multiplier"])
    return _size(*config["kernel_size"], outputs) + _bias(config, outputs)


def separable_convolution(config: Config, shape: Shape) -> int:
    filters = config["filters"]
    outputs = _size(_channels(config, shape), config["depth_multiplier"])
    depthwise = _size(*config["kernel_size"], outputs)
    return depthwise + _size(outputs, filters) + _bias(config, filters)


def batch_normalization(config: Config, shape: Shape) -> int:
    return _size(shape[config.get("axis", -1)]) * (2 + _scale_and_center(config))


def layer_normalization(config: Config, shape: Shape) -> int:
    size = _along(config, shape)
    # In the RMS form Keras makes the scale whatever `scale` says, and no offset.
    return size * (1 if config.get("rms_scaling") else _scale_and_center(config))


def group_normalization(config: Config, shape: Shape) -> int:
    return _along(config, shape) * _scale_and_center(config)


def normalization(config: Config, shape: Shape) -> int:
    # Mean and variance, and how many batches they come from.
    return 2 * (1 if config.get("axis", -1) is None else _along(config, shape)) + 1


def p_relu(config: Config, shape: Shape) -> int:
    if len(shape) < 2:
        # Without sizes the product is 1, whatever Keras then builds from its real input.
        raise Refused("build_config: input_shape is missing, which the weights depend on")
    shared = config.get("shared_axes") or []
    return _size(*(1 if axis in shared else size for axis, size in enumerate(shape[1:], 1)))


def _size(*dims: Any) -> int:
    if any(dim is None for dim in dims):
        raise Refused("build_config: input_shape leaves open a size that the weights depend on")
    return math.prod(dims)


def _bias(config: Config, units: int) -> int:
    return units if config.get("use_bias", True) else 0


def _channels(config: Config, shape: Shape) -> int:
    first = config.get("data_format", "channels_last") == "channels_first"
    return _size(shape[1 if first else -1])


def _along(config: Config, shape: Shape) -> int:
    axis = config.get("axis", -1)
    return _size(*(shape[one] for one in (axis if isinstance(axis, list) else [axis])))


def _scale_and_center(config: Config) -> int:
    return int(config.get("scale", True)) + int(config.get("center", True))
