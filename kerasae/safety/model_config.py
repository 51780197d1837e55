"""Checks the configuration in an untrusted model file, and writes it anew from what passed."""

import dataclasses
from typing import Any

from kerasae.files.local_files import Refused, within
from kerasae.safety import config_values as check
from kerasae.safety.config_objects import dtype, of_keras
from kerasae.safety.config_values import fields, kind_of, name, optional, shown
from kerasae.safety.layer_allowlist import COMMON, LAYERS, SHAPE

_MOST_NESTED = 6
_MOST_LAYERS = 1000
# Keras runs through a sub-model anew at each place it is used, so that a few models, each
# using the next a few times, would take for ever.
_MOST_CALLS = 5000
_MODELS = {
    "Functional": ("keras.src.models.functional", "keras"),
    "Sequential": ("keras", "keras.src.models.sequential"),
}
_AROUND = {
    "module", "class_name", "config", "registered_name", "build_config", "compile_config",
    "shared_object_id", "name", "inbound_nodes",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class CheckedLayer:
    """A layer or model that passed.

    Args:
        config: The configuration for Keras, made of checked values only.
        weights: How many numbers its weights hold.
        calls: How many layers are run through to use it, over all places of use.
        layers: How many layers it is made of.
    """

    config: dict[str, Any]
    weights: int
    calls: int = 1
    layers: int = 1


def check_model_config(value: Any) -> CheckedLayer:
    """Checks a parsed `config.json` against the allowlist.

    Args:
        value: The parsed JSON.

    Returns:
        The model's configuration, written anew without what Keras would do at compilation.

    Raises:
        Refused: If anything in it is not known to be harmless.
    """
    kind = kind_of(value)
    if kind not in _MODELS:
        raise Refused(f"{kind} is not in the allowlist of models: {', '.join(_MODELS)}")
    model = _check_layer(value, 0)
    if model.layers > _MOST_LAYERS or model.calls > _MOST_CALLS:
        raise Refused(
            f"declares {model.layers:,} layers used {model.calls:,} times; expected at most "
            f"{_MOST_LAYERS:,} layers, {_MOST_CALLS:,} times"
        )
    return model


def least_weights(value: Any) -> int:
    """Counts the weights of those layers in a trusted `config.json` that are known.

    Layers outside the allowlist, and those that are used in several sub-models, count nothing.

    Args:
        value: The parsed JSON, of which nothing is taken for granted.

    Example:

    >>> dense = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3},
    ...          "build_config": {"input_shape": [None, 2]}}
    >>> least_weights({"config": {"layers": [dense, {"class_name": "Unknown", "config": {}}]}})
    9
    """
    config = value.get("config") if isinstance(value, dict) else None
    if not isinstance(config, dict) or "shared_object_id" in value:
        return 0
    if isinstance(config.get("layers"), list):
        return sum(map(least_weights, config["layers"]))
    build = value.get("build_config")
    shape = build.get("input_shape") if isinstance(build, dict) else None
    if kind_of(value) not in LAYERS or not isinstance(shape, list) or not _of_numbers(shape):
        return 0
    numbers = {key: item for key, item in config.items() if _of_numbers(item)}
    try:
        return max(0, LAYERS[kind_of(value)].count_weights(numbers, shape))
    except (Refused, LookupError, TypeError, ArithmeticError):
        return 0


def _of_numbers(value: Any) -> bool:
    if isinstance(value, list):
        return all(item is None or isinstance(item, int) for item in value)
    return value is None or isinstance(value, int)


def _check_layer(value: Any, depth: int) -> CheckedLayer:
    if not isinstance(value, dict) or not isinstance(value.get("config"), dict):
        raise Refused(f"received {shown(value)}; expected a layer with its config")
    with within(f"layer {shown(value['config'].get('name'))}"):
        kind, module = kind_of(value), value.get("module")
        if unknown := value.keys() - _AROUND:
            raise Refused(f"{shown(min(unknown))} is not expected beside a layer's config")
        # Inputs are shared whenever a sub-model starts at its parent's input, and hold nothing.
        if "shared_object_id" in value and kind != "InputLayer":
            raise Refused("is used in several sub-models; expected each layer in one")
        if kind in _MODELS:
            of_keras(value, kind, _MODELS[kind])
            return _check_sub_model(kind, value, depth)
        if kind in LAYERS and module == "keras.layers":
            of_keras(value, kind, ("keras.layers",))
            return _check_plain_layer(kind, value)
        raise Refused(f"{shown(f'{module}.{kind}')} is not in the allowlist of layers")


def _check_plain_layer(kind: str, value: dict[str, Any]) -> CheckedLayer:
    layer = LAYERS[kind]
    config = fields(value["config"], {**COMMON, **layer.settings})
    if "data_format" in layer.settings:
        # Keras would take what is not told from the user's keras.json, for weights of other sizes.
        config["data_format"] = config.get("data_format") or "channels_last"
    checked = {"module": "keras.layers", "class_name": kind, "config": config}
    build = fields(value.get("build_config") or {}, {"input_shape": _build_shape})
    try:
        weights = layer.count_weights(config, build.get("input_shape", []))
    except (LookupError, TypeError):
        # A setting is missing, or the shape has too few dimensions or is a list of shapes.
        raise Refused(
            f"its weights cannot be told from its config and build_config {shown(build)}"
        ) from None
    if weights:
        # Keras builds the weights from this shape, and refuses any other input afterwards.
        checked["build_config"] = build
    return CheckedLayer({**checked, "registered_name": None}, weights)


def _check_sub_model(kind: str, value: dict[str, Any], depth: int) -> CheckedLayer:
    if depth >= _MOST_NESTED:
        raise Refused(f"models are nested deeper than {_MOST_NESTED}")
    config = value["config"]
    listed = config.get("layers")
    if not isinstance(listed, list) or len(listed) > _MOST_LAYERS:
        raise Refused(f"layers: received {shown(listed)}; expected at most {_MOST_LAYERS} layers")
    layers = [_check_layer(layer, depth + 1) for layer in listed]
    names = [layer.config["config"].get("name") for layer in layers]
    if len(set(names)) != len(names) or None in names:
        raise Refused("layers: expected each to have a name of its own")
    around = {"name": name, "trainable": check.flag, "dtype": dtype, "layers": lambda _: None}
    if kind == "Sequential":
        checked = fields(config, {**around, "build_input_shape": optional(SHAPE)})
        uses = [1] * len(layers)
    else:
        ends = {"input_layers": _ends, "output_layers": _ends}
        checked = fields(config, {**around, **ends})
        for layer, original in zip(layers, listed, strict=True):
            layer.config["name"] = layer.config["config"]["name"]
            with within("inbound_nodes"):
                layer.config["inbound_nodes"] = _nodes(original.get("inbound_nodes"))
        uses = [len(layer.config["inbound_nodes"]) for layer in layers]
    checked["layers"] = [layer.config for layer in layers]
    return CheckedLayer(
        {"module": _MODELS[kind][0], "class_name": kind, "config": checked,
         "registered_name": None, "compile_config": None},
        weights=sum(layer.weights for layer in layers),
        calls=1 + sum(layer.calls * use for layer, use in zip(layers, uses, strict=True)),
        layers=1 + sum(layer.layers for layer in layers),
    )  # fmt: skip


def _build_shape(value: Any) -> Any:
    # Layers that merge several inputs are built from a list of shapes, and have no weights.
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        return None
    return optional(SHAPE)(value)


def _ends(value: Any) -> Any:
    """Checks the inputs or outputs of a model: places `[layer, node, tensor]`, in any nesting."""
    if isinstance(value, dict):
        return {name(key): _ends(item) for key, item in value.items()}
    if isinstance(value, list) and not (value and isinstance(value[0], str)):
        return [_ends(item) for item in value]
    return _place(value)


def _place(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) != 3:
        raise Refused(f"received {shown(value)}; expected [layer, node, tensor]")
    index = check.count(0)
    return [name(value[0]), index(value[1]), index(value[2])]


def _node(value: Any) -> dict[str, Any]:
    """Checks a place where a layer is used: only tensors of other layers may go in."""
    checked = fields(value, {"args": _tensors, "kwargs": _keywords})
    return {"args": [], "kwargs": {}, **checked}


_nodes = check.items(_node, _MOST_CALLS)


def _keywords(value: Any) -> dict[str, Any]:
    # In a call, null is a value: `mask` and `training` are written so where they are not set.
    calls = {"training": optional(check.flag), "mask": check.choice(None), "inputs": _tensors}
    return fields(value, calls)


def _tensors(value: Any) -> Any:
    if isinstance(value, list):
        return [_tensors(item) for item in value]
    if kind_of(value) != "__keras_tensor__":
        raise Refused(f"{shown(value)} is not in the allowlist; expected outputs of layers")
    config = fields(value.get("config"), {"shape": SHAPE, "dtype": dtype, "keras_history": _place})
    if not config.keys() >= {"shape", "dtype", "keras_history"}:
        raise Refused(f"{shown(value)} lacks its shape, dtype or history")
    return {"class_name": "__keras_tensor__", "config": config}
