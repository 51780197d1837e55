"""In which precision and way a network is trained: decided by a rule, never by a timing."""

from collections.abc import Collection, Sequence
from typing import Literal

Precision = Literal["float32", "bfloat16"]
FLOAT32: Precision = "float32"
BFLOAT16: Precision = "bfloat16"
# How the steps of each are computed, as a run records it.
WAYS: dict[str, str] = {FLOAT32: "one XLA program", BFLOAT16: "products by oneDNN, the rest by XLA"}
# The least that the gain was measured on: pixels, units of the widest hidden layer, images a step.
_PIXELS, _UNITS, _BATCH = 784, 256, 128
# Units with several threads: TensorFlow gives a smaller product to one of them.
_UNITS_OF_SEVERAL_THREADS = 512
_HARDWARE = ("amx_bf16", "avx512_bf16")


def chosen_precision(
    flags: Collection[str],
    pixels: int,
    hidden_dims: Sequence[int],
    batch_size: int,
    threads: int = 1,
) -> Precision:
    """Returns the precision of a training that none is given for.

    It is `bfloat16` where the processor has instructions that multiply it (`amx_bf16`, or
    `avx512_bf16` alone) and the network is at least as large as the smallest that was measured;
    `float32` everywhere else.

    Measured in images per second of one thread beside the step that is all XLA, in `float32`. On
    two cores of a Sapphire Rapids, with AMX and a prototype of the step: 1.26 times with
    784-256-100 and batches of 128, 2.0 times with 784-1024-512-100, and more with larger batches.
    On two cores of an EPYC of the fourth generation (Zen 4), without AMX: 1.28 and 1.68 times,
    1.56 with 784-256-100 and batches of 512, but 1.07 with batches of 64, 1.06 with images of 256
    pixels, and 0.42 with 64 pixels and batches of 32. There the products of 128 rows run at 200 to
    215 GFLOP/s, in `float32` at 90 to 110. One model on both threads: 0.85 times with 784-256-100,
    whose products stay on one of them, 1.05 with 784-512-100 and 1.18 with 784-1024-512-100. The
    test errors on MNIST are 0.001123 in both, and 0.001151 beside 0.001154.

    Args:
        flags: What the processor has; see `environment.processor_flags`.
        pixels: Numbers in one image.
        hidden_dims: Widths from the image to the code.
        batch_size: Images per step.
        threads: Threads that a training computes with.

    Example:

    >>> chosen_precision({"amx_bf16"}, 784, (1024, 512), 128)
    'bfloat16'
    >>> chosen_precision({"avx2"}, 784, (1024, 512), 128)
    'float32'
    """
    units = _UNITS if threads == 1 else _UNITS_OF_SEVERAL_THREADS
    large = pixels >= _PIXELS and max(hidden_dims, default=0) >= units and batch_size >= _BATCH
    return BFLOAT16 if large and _has_hardware(flags) else FLOAT32


def slowness(precision: str | None, flags: Collection[str]) -> str | None:
    """Returns a line on what makes a precision slow on a processor, where something does.

    Example:

    >>> slowness("bfloat16", {"avx2"})
    'bfloat16 is slow here, if right: this processor has neither amx_bf16 nor avx512_bf16'
    """
    if precision != BFLOAT16 or _has_hardware(flags):
        return None
    names = " nor ".join(_HARDWARE)
    return f"{BFLOAT16} is slow here, if right: this processor has neither {names}"


def _has_hardware(flags: Collection[str]) -> bool:
    return any(name in flags for name in _HARDWARE)
