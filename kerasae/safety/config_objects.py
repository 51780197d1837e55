"""The small Keras objects that a layer's settings may name, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerasae.files.local_files import Refused
from kerasae.safety.config_values import (
    Checker,
    choice,
    count,
    either,
    fields,
    items,
    number,
    optional,
    shown,
)

DTYPES = ("float32", "float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16")
ACTIVATIONS = (
    "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish",
    "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus",
    "softsign", "sparse_plus", "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink",
    "threshold",
)  # fmt: skip


def of_keras(value: dict[str, Any], kind: str, modules: tuple[str, ...]) -> None:
    """Refuses an object that names another module, or a custom name, or has no settings."""
    if value.get("module") not in modules:
        raise Refused(f"{kind} of module {shown(value.get('module'))}; expected {modules[0]}")
    if value.get("registered_name") not in (None, kind, value.get("config")):
        raise Refused(f"{kind} has the registered name {shown(value['registered_name'])}")
    if "config" not in value:
        raise Refused(f"{kind} lacks its config")


def dtype(value: Any) -> str:
    """Checks a data type or its policy; returns its name."""
    if isinstance(value, dict):
        of_keras(value, "DTypePolicy", ("keras", "keras.dtype_policies"))
        value = fields(value["config"], {"name": choice(*DTYPES)}).get("name")
    checked: str = choice(*DTYPES)(value)
    return checked


def built_in(kinds: Mapping[str, Mapping[str, Checker]], module: str) -> Checker:
    """Makes a checker of serialized Keras objects, such as initializers.

    Args:
        kinds: The settings of each class allowed.
        module: The Keras module that holds the classes.
    """

    def check(value: Any) -> dict[str, Any]:
        kind = value.get("class_name") if isinstance(value, dict) else value
        if not isinstance(kind, str) or kind not in kinds:
            raise Refused(f"{shown(kind)} of {module} is not in the allowlist")
        of_keras(value, kind, (module,))
        config = fields(value["config"], kinds[kind])
        return {"module": module, "class_name": kind, "config": config, "registered_name": None}

    return check


def activation(value: Any) -> str:
    """Checks an activation function; returns its name."""
    if isinstance(value, dict) and value.get("class_name") == "function":
        of_keras(value, "function", ("builtins", "keras.activations"))
        value = value["config"]
    if not isinstance(value, str) or value not in ACTIVATIONS:
        raise Refused(f"{shown(value)} is not in the allowlist of activations")
    return value


SEED = optional(count(0, 1 << 64))
_AXES = optional(either(list, items(count(-8, 8)), count(-8, 8)))
_RANDOM: dict[str, Checker] = {"seed": SEED, "input_axes": _AXES, "output_axes": _AXES}
_MEAN: dict[str, Checker] = {"mean": number(), "stddev": number(0), "seed": SEED}
AXIS = either(list, items(count(-8, 8)), count(-8, 8))

initializer = built_in(
    {
        "Zeros": {},
        "Ones": {},
        "Constant": {"value": number()},
        "RandomUniform": {"minval": number(), "maxval": number(), "seed": SEED},
        "RandomNormal": _MEAN,
        "TruncatedNormal": _MEAN,
        "VarianceScaling": {
            "scale": number(0),
            "mode": choice("fan_in", "fan_out", "fan_avg"),
            "distribution": choice("truncated_normal", "untruncated_normal", "uniform"),
            **_RANDOM,
        },
        **{
            f"{author}{spread}": _RANDOM
            for author in ("Glorot", "He", "Lecun")
            for spread in ("Uniform", "Normal")
        },
        "Identity": {"gain": number()},
        "Orthogonal": {"gain": number(), "seed": SEED},
    },
    "keras.initializers",
)
regularizer = optional(
    built_in(
        {
            "L1": {"l1": number()},
            "L2": {"l2": number()},
            "L1L2": {"l1": number(), "l2": number()},
            "OrthogonalRegularizer": {"factor": number(), "mode": choice("rows", "columns")},
        },
        "keras.regularizers",
    )
)
constraint = optional(
    built_in(
        {
            "MaxNorm": {"max_value": number(), "axis": AXIS},
            "MinMaxNorm": {
                "min_value": number(),
                "max_value": number(),
                "rate": number(),
                "axis": AXIS,
            },
            "NonNeg": {},
            "UnitNorm": {"axis": AXIS},
        },
        "keras.constraints",
    )
)
