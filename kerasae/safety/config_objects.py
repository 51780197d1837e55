"""The small Keras objects that a layer's settings may name, and no others."""

from typing import Any

from kerasae.files.local_files import Refused
from kerasae.safety.config_values import (
    Checker,
    Settings,
    choice,
    count,
    fields,
    flag,
    name,
    number,
    one_or_more,
    optional,
    settings,
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


def dtype(value: Any) -> Any:
    """Checks a data type or its policy; returns its name."""
    if isinstance(value, dict):
        of_keras(value, "DTypePolicy", ("keras", "keras.dtype_policies"))
        value = fields(value["config"], {"name": choice(*DTYPES)}).get("name")
    return choice(*DTYPES)(value)


def built_in(module: str, **kinds: Settings) -> Checker:
    """Makes a checker of serialized Keras objects, such as initializers.

    Args:
        module: The Keras module that holds the classes.
        **kinds: The settings of each class allowed.
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


AXIS = one_or_more(count(-8, 8))
SEED = optional(count(0, 1 << 64))
_RANDOM = settings(seed=SEED, input_axes=optional(AXIS), output_axes=optional(AXIS))
_NORMAL = settings(mean=number(), stddev=number(0), seed=SEED)

initializer = built_in(
    "keras.initializers",
    Zeros={},
    Ones={},
    Constant=settings(value=number()),
    RandomUniform=settings(minval=number(), maxval=number(), seed=SEED),
    RandomNormal=_NORMAL,
    TruncatedNormal=_NORMAL,
    VarianceScaling=settings(
        scale=number(0), mode=choice("fan_in", "fan_out", "fan_avg"), **_RANDOM,
        distribution=choice("truncated_normal", "untruncated_normal", "uniform"),
    ),
    GlorotUniform=_RANDOM,
    GlorotNormal=_RANDOM,
    HeUniform=_RANDOM,
    HeNormal=_RANDOM,
    LecunUniform=_RANDOM,
    LecunNormal=_RANDOM,
    Identity=settings(gain=number()),
    Orthogonal=settings(gain=number(), seed=SEED),
)  # fmt: skip
regularizer = optional(
    built_in(
        "keras.regularizers",
        L1=settings(l1=number()),
        L2=settings(l2=number()),
        L1L2=settings(l1=number(), l2=number()),
        OrthogonalRegularizer=settings(factor=number(), mode=choice("rows", "columns")),
    )
)
_BOUND = settings(max_value=number(), axis=AXIS)
constraint = optional(
    built_in(
        "keras.constraints",
        MaxNorm=_BOUND,
        MinMaxNorm=settings(min_value=number(), rate=number(), **_BOUND),
        NonNeg={},
        UnitNorm=settings(axis=AXIS),
    )
)
# What all layers have.
COMMON = settings(name=name, trainable=flag, dtype=dtype, activity_regularizer=regularizer)


def parameters(*kinds: str) -> Settings:
    """Names the checkers of the initializer, regularizer and constraint of each kind of weight."""
    makers = {"initializer": initializer, "regularizer": regularizer, "constraint": constraint}
    return {f"{kind}_{what}": maker for kind in kinds for what, maker in makers.items()}
