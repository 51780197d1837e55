"""Versions and machine, recorded beside every result."""

import os
import platform
from typing import Any

_PACKAGES = ("kerasae", "tensorflow", "keras", "numpy", "scikit-learn")


def environment() -> dict[str, Any]:
    """Returns the versions of Python and of what decides results, and the kind of machine.

    Example:

    >>> sorted(environment())
    ['cores', 'machine', 'versions']
    """
    # Slow to import, and `cores` is asked by commands that only print their help.
    from importlib.metadata import version

    versions = {package: version(package) for package in _PACKAGES}
    return {
        "versions": {"python": platform.python_version(), **versions},
        "machine": platform.machine(),
        "cores": cores(),
    }


def cores() -> int:
    """Returns the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
