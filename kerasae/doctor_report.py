"""What this installation has: for a person whose training is slow, or who files a bug."""

import importlib.metadata
import os
import re
from collections.abc import Sequence
from typing import Any

from kerasae.data.datasets import load_dataset
from kerasae.data.named_sets import DATASETS, keras_datasets
from kerasae.environment import cores, environment
from kerasae.errors import DataError
from kerasae.runtime import start_tensorflow

# A requirement of an extra, as the package's metadata have it.
_NOT_OF_USERS = ("all", "dev", "docs")
_OF_EXTRA = re.compile(r"""([\w.-]+).*; extra == ["']([\w-]+)["']""", re.ASCII)


def doctor_report(data_dir: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """Returns versions, devices, threads, extras and the data sets found, downloading nothing.

    Args:
        data_dir: Where to look for data sets; `None` looks into Keras' cache.

    Returns:
        `versions`, `machine`, `cores`, `threads`, `devices`, `extras` and `data`, as plain
        JSON values.
    """
    start_tensorflow()
    import tensorflow as tf

    folder = data_dir or keras_datasets()
    devices = [f"{device.device_type} {device.name}" for device in tf.config.list_logical_devices()]
    return {
        **environment(),
        "threads": tf.config.threading.get_intra_op_parallelism_threads() or cores(),
        "devices": ", ".join(devices),
        "extras": {extra: _installed(names) for extra, names in _extras().items()},
        "data": {name: _found(name, folder) for name in DATASETS},
    }


def _extras() -> dict[str, list[str]]:
    """Returns what each extra for users installs."""
    found: dict[str, list[str]] = {}
    for line in importlib.metadata.requires("kerasae") or ():
        match = _OF_EXTRA.fullmatch(line)
        if match is not None and match[2] not in _NOT_OF_USERS:
            found.setdefault(match[2], []).append(match[1])
    return found


def _installed(names: Sequence[str]) -> str:
    try:
        return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    except importlib.metadata.PackageNotFoundError as error:
        return f"not installed ({error.name})"


def _found(name: str, folder: str | os.PathLike[str]) -> str:
    try:
        data = load_dataset(name, folder)
    except DataError as error:
        return f"not found ({error})"
    return f"{len(data.train):,} training and {len(data.test):,} test images, verified"
