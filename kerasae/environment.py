"""Versions and machine, recorded beside every result."""

import functools
import itertools
import os
import platform
from collections.abc import Collection
from typing import Any

_PACKAGES = ("kerasae", "tensorflow", "keras", "numpy", "scikit-learn")
_CPUINFO = "/proc/cpuinfo"
# Instruction sets that products are written for, x86's and then ARM's, the best first.
_INSTRUCTIONS = (
    "amx_bf16", "avx512_bf16", "avx512f", "avx2", "avx", "sse4_2", "sve2", "sve", "asimd",
)  # fmt: skip


def environment() -> dict[str, Any]:
    """Returns the versions of Python and of what decides results, and the kind of machine.

    Example:

    >>> sorted(environment())
    ['cores', 'instructions', 'machine', 'processor', 'versions']
    """
    # Slow to import, and `cores` is asked by commands that only print their help.
    from importlib.metadata import version

    versions = {package: version(package) for package in _PACKAGES}
    return {
        "versions": {"python": platform.python_version(), **versions},
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": cores(),
        "instructions": instruction_set(processor_flags()),
    }


def _processor() -> str | None:
    """Returns the processor's model as the system names it."""
    return _cpuinfo().get("model name") or platform.processor() or None


@functools.cache
def processor_flags() -> frozenset[str]:
    """Returns what the processor has, as Linux names it; nothing where that is not told."""
    # `flags` on x86, `Features` on ARM.
    return frozenset((_cpuinfo().get("flags") or _cpuinfo().get("Features", "")).split())


@functools.cache
def _cpuinfo() -> dict[str, str]:
    """Returns what Linux tells of the first core; all have the same."""
    try:
        with open(_CPUINFO, encoding="utf-8", errors="replace") as file:
            lines = itertools.takewhile(str.strip, file)
            pairs = (line.partition(":") for line in lines)
            return {key.strip(): value.strip() for key, _, value in pairs}
    except OSError:
        return {}


def instruction_set(flags: Collection[str]) -> str | None:
    """Returns the best instruction set that TensorFlow has products for; others give other bits.

    Args:
        flags: What the processor has; see `processor_flags`.

    Returns:
        Its name; `None` where it is not known.

    Example:

    >>> instruction_set({"sse4_2", "avx", "avx2"})
    'avx2'
    """
    return next((name for name in _INSTRUCTIONS if name in flags), None)


def cores() -> int:
    """Returns the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
