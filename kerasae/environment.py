"""Versions and machine, recorded beside every result."""

import os
import platform
from typing import Any

_PACKAGES = ("kerasae", "tensorflow", "keras", "numpy", "scikit-learn")


def environment() -> dict[str, Any]:
    """Returns the versions of Python and of what decides results, and the kind of machine.

    Example:

    >>> sorted(environment())
    ['cores', 'machine', 'processor', 'versions']
    """
    # Slow to import, and `cores` is asked by commands that only print their help.
    from importlib.metadata import version

    versions = {package: version(package) for package in _PACKAGES}
    return {
        "versions": {"python": platform.python_version(), **versions},
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": cores(),
    }


def _processor() -> str | None:
    """Returns the processor's model as the system names it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            names = (line.partition(":")[2] for line in file if line.startswith("model name"))
            return next(names, "").strip() or None
    except OSError:
        return platform.processor() or None


def cores() -> int:
    """Returns the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
