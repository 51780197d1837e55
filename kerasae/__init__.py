"""Dense autoencoders on images: sweep, train, compare, save, use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerasae import callbacks as callbacks
    from kerasae import metrics as metrics
    from kerasae.data.datasets import load_dataset as load_dataset
    from kerasae.data.image_data import ImageData as ImageData
    from kerasae.errors import KerasAEError as KerasAEError
    from kerasae.estimator import AutoencoderOutlierDetector as AutoencoderOutlierDetector
    from kerasae.estimator import AutoencoderTransformer as AutoencoderTransformer
    from kerasae.evaluation import evaluate as evaluate
    from kerasae.experiment import Experiment as Experiment
    from kerasae.image_model import ImageModel as ImageModel
    from kerasae.inference.export import export_model as export_model
    from kerasae.inference.pictures import reconstruct as reconstruct
    from kerasae.metrics import psnr as psnr
    from kerasae.models import autoencoder as autoencoder
    from kerasae.models import basic_autoencoder as basic_autoencoder
    from kerasae.models import extended_autoencoder as extended_autoencoder
    from kerasae.pca import PCA as PCA
    from kerasae.pca import fit_pca as fit_pca
    from kerasae.runs.fitting import fit as fit
    from kerasae.runs.run import Run as Run
    from kerasae.runs.saved_models import open_model as open_model
    from kerasae.show.report import report as report
    from kerasae.trials.grid import Sweep as Sweep
    from kerasae.trials.sweeps import run_sweep as sweep  # noqa: F401

__version__ = "0.1.0"

# Where each name comes from, and its name there where that is another.
_HOME = {
    "AutoencoderOutlierDetector": "kerasae.estimator",
    "AutoencoderTransformer": "kerasae.estimator",
    "Experiment": "kerasae.experiment",
    "ImageData": "kerasae.data.image_data",
    "ImageModel": "kerasae.image_model",
    "KerasAEError": "kerasae.errors",
    "PCA": "kerasae.pca",
    "Run": "kerasae.runs.run",
    "Sweep": "kerasae.trials.grid",
    "autoencoder": "kerasae.models",
    "basic_autoencoder": "kerasae.models",
    "evaluate": "kerasae.evaluation",
    "export_model": "kerasae.inference.export",
    "extended_autoencoder": "kerasae.models",
    "fit": "kerasae.runs.fitting",
    "fit_pca": "kerasae.pca",
    "load_dataset": "kerasae.data.datasets",
    "open_model": "kerasae.runs.saved_models",
    "psnr": "kerasae.metrics",
    "reconstruct": "kerasae.inference.pictures",
    "report": "kerasae.show.report",
    "sweep": "kerasae.trials.sweeps:run_sweep",
}
__all__ = list(_HOME)
# For a model and a `fit` of one's own.
_MODULES = ("callbacks", "metrics")


def __getattr__(name: str) -> Any:
    # Importing kerasae must stay cheap: TensorFlow is loaded with the first name that needs it.
    if name in _MODULES:
        return importlib.import_module(f"kerasae.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'kerasae' has no attribute {name!r}")
    module, _, original = _HOME[name].partition(":")
    return getattr(importlib.import_module(module), original or name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME, *_MODULES]
