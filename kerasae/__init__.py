"""Dense autoencoders on images: sweep, train, compare, save, use."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Where each name comes from, and its name there where that is another.
_HOME = {
    "AutoencoderTransformer": "kerasae.estimator",
    "Experiment": "kerasae.experiment",
    "ImageData": "kerasae.data.image_data",
    "PCA": "kerasae.pca",
    "KerasAEError": "kerasae.errors",
    "Sweep": "kerasae.trials.sweeps",
    "autoencoder": "kerasae.models",
    "basic_autoencoder": "kerasae.models",
    "evaluate": "kerasae.evaluation",
    "export_model": "kerasae.inference.export",
    "extended_autoencoder": "kerasae.models",
    "fit": "kerasae.training.train:train",
    "fit_pca": "kerasae.pca",
    "load_dataset": "kerasae.data.datasets",
    "load_model_safely": "kerasae.safety.model_files",
    "load_run": "kerasae.runs.reading",
    "open_model": "kerasae.runs.saved_models",
    "psnr": "kerasae.metrics",
    "reconstruct": "kerasae.inference.pictures",
    "save_run": "kerasae.runs.run_files",
    "sweep": "kerasae.trials.sweeps:run_sweep",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    # Importing kerasae must stay cheap: TensorFlow is loaded with the first name that needs it.
    if name not in _HOME:
        raise AttributeError(f"module 'kerasae' has no attribute {name!r}")
    module, _, original = _HOME[name].partition(":")
    return getattr(importlib.import_module(module), original or name)
