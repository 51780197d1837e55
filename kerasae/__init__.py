"""Dense autoencoders on images: sweep, train, compare, save, use."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "Experiment": "kerasae.experiment",
    "ImageData": "kerasae.datasets",
    "PCA": "kerasae.pca",
    "KerasAEError": "kerasae.errors",
    "Sweep": "kerasae.sweeps",
    "autoencoder": "kerasae.models",
    "basic_autoencoder": "kerasae.models",
    "evaluate": "kerasae.evaluate",
    "extended_autoencoder": "kerasae.models",
    "fit_pca": "kerasae.pca",
    "load_dataset": "kerasae.datasets",
    "load_model_safely": "kerasae.model_files",
    "load_run": "kerasae.runs",
    "psnr": "kerasae.metrics",
    "run_sweep": "kerasae.sweeps",
    "train": "kerasae.training",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    # Importing kerasae must stay cheap: TensorFlow is loaded with the first name that needs it.
    if name not in _HOME:
        raise AttributeError(f"module 'kerasae' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
