"""The small Keras objects that a layer's settings may name, and no others."""

from typing import Any

from kerasae.files.local_files import Refused
from kerasae.safety import config_values as check
from kerasae.safety.config_values import Checker, Settings, fields, kind_of, settings, shown

DTYPES = ("float32", "float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16")
ACTIVATIONS = (
    "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish",
    "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus",
    "softsign", "sparse_plus", "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink",
    "threshold",
)  # fmt: skip
_dtype_name = check.choice(*DTYPES)


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
        value = fields(value["config"], {"name": _dtype_name}).get("name")
    return str(_dtype_name(value))


def built_in(module: str, **kinds: Settings) -> Checker:
    """Makes a checker of serialized Keras objects, such as initializers.

    Args:
        module: The Keras module that holds the classes.
        **kinds: The settings of each class allowed.
    """

    def check(value: Any) -> dict[str, Any]:
        kind = kind_of(value)
        if kind not in kinds:
            raise Refused(f"{kind} of {module} is not in the allowlist")
        of_keras(value, kind, (module,))
        config = fields(value["config"], kinds[kind])
        return {"module": module, "class_name": kind, "config": config, "registered_name": None}

    return check


def activation(value: Any) -> str:
    """Checks an activation function; returns its name."""
    if kind_of(value) == "function":
        of_keras(value, "function", ("builtins", "keras.activations"))
        value = value["config"]
    if not isinstance(value, str) or value not in ACTIVATIONS:
        raise Refused(f"{shown(value)} is not in the allowlist of activations")
    return value


AXIS = check.one_or_more(check.count(-8, 8))
SEED = check.optional(check.count(0, 1 << 64))
_AXES = check.optional(AXIS)
_NUMBER, _POSITIVE = check.number(), check.number(0)
_RANDOM = settings(seed=SEED, input_axes=_AXES, output_axes=_AXES)
_NORMAL = settings(mean=_NUMBER, stddev=_POSITIVE, seed=SEED)
_BOUND = settings(max_value=_NUMBER, axis=AXIS)

initializer = built_in(
    "keras.initializers",
    Zeros={}, Ones={}, Constant=settings(value=_NUMBER), Identity=settings(gain=_NUMBER),
    RandomUniform=settings(minval=_NUMBER, maxval=_NUMBER, seed=SEED),
    RandomNormal=_NORMAL, TruncatedNormal=_NORMAL,
    VarianceScaling=settings(
        scale=_POSITIVE, mode=check.choice("fan_in", "fan_out", "fan_avg"), **_RANDOM,
        distribution=check.choice("truncated_normal", "untruncated_normal", "uniform"),
    ),
    GlorotUniform=_RANDOM, HeUniform=_RANDOM, LecunUniform=_RANDOM,
    GlorotNormal=_RANDOM, HeNormal=_RANDOM, LecunNormal=_RANDOM,
    Orthogonal=settings(gain=_NUMBER, seed=SEED),
)  # fmt: skip
regularizer = check.optional(
    built_in(
        "keras.regularizers",
        L1=settings(l1=_NUMBER),
        L2=settings(l2=_NUMBER),
        L1L2=settings(l1=_NUMBER, l2=_NUMBER),
        OrthogonalRegularizer=settings(factor=_NUMBER, mode=check.choice("rows", "columns")),
    )
)
constraint = check.optional(
    built_in(
        "keras.constraints",
        MaxNorm=_BOUND,
        MinMaxNorm=settings(min_value=_NUMBER, rate=_NUMBER, **_BOUND),
        NonNeg={},
        UnitNorm=settings(axis=AXIS),
    )
)
