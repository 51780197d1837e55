"""Dense autoencoders on images: sweep, train, compare, save, use."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Where each name comes from, and its name there where that is another.
_HOME = {
    "AutoencoderTransformer": "kerasae.estimator",
    "Experiment": "kerasae.experiment",
    "ImageData": "kerasae.datasets",
    "PCA": "kerasae.pca",
    "KerasAEError": "kerasae.errors",
    "Sweep": "kerasae.sweeps",
    "autoencoder": "kerasae.models",
    "basic_autoencoder": "kerasae.models",
    "denoise": "kerasae.model_use",
    "evaluate": "kerasae.part_scores",
    "export_model": "kerasae.export",
    "extended_autoencoder": "kerasae.models",
    "fit": "kerasae.training:train",
    "fit_pca": "kerasae.pca",
    "load_dataset": "kerasae.datasets",
    "load_model_safely": "kerasae.model_files",
    "load_run": "kerasae.runs",
    "open_model": "kerasae.saved_models",
    "psnr": "kerasae.metrics",
    "save_run": "kerasae.artifacts",
    "sweep": "kerasae.sweeps:run_sweep",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    # Importing kerasae must stay cheap: TensorFlow is loaded with the first name that needs it.
    if name not in _HOME:
        raise AttributeError(f"module 'kerasae' has no attribute {name!r}")
    module, _, original = _HOME[name].partition(":")
    return getattr(importlib.import_module(module), original or name)
