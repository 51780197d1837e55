"""What this installation has: for a person whose training is slow, or who files a bug."""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path
from typing import Any

from kerasae.data.datasets import DATASETS, load_dataset
from kerasae.environment import cores, environment
from kerasae.errors import DataError
from kerasae.runtime import start_tensorflow

_EXTRAS = {
    "onnx": ("tf2onnx", "onnxruntime"),
    "litert": ("ai-edge-litert",),
    "openvino": ("openvino",),
    "parquet": ("pyarrow",),
}


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

    cache = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "datasets"
    folder = data_dir or cache
    devices = [f"{device.device_type} {device.name}" for device in tf.config.list_logical_devices()]
    return {
        **environment(),
        "threads": tf.config.threading.get_intra_op_parallelism_threads() or cores(),
        "devices": ", ".join(devices),
        "extras": {extra: _installed(names) for extra, names in _EXTRAS.items()},
        "data": {name: _found(name, folder) for name in DATASETS},
    }


def _installed(names: tuple[str, ...]) -> str:
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
