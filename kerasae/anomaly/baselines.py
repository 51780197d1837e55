"""What needs no network: PCA's residual, neighbours among pixels, and scikit-learn's detectors."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kerasae.anomaly.neighbours import nearest
from kerasae.data.pixels import as_floats
from kerasae.metrics import image_mse
from kerasae.pca import fit_pca

Images = NDArray[np.uint8]
Baseline = Callable[[Images, Images], NDArray[np.floating]]
PCA_DIMS = (16, 32, 64)
# Those of the pixels that a one-class SVM takes minutes for.
_SVM_DIMS = 32


def baselines() -> dict[str, Baseline]:
    """Returns the baselines by name: functions of normal and of other images, which score these.

    Example:

    >>> random = np.random.RandomState(0)
    >>> normal = random.randint(0, 9, (70, 8, 8)).astype(np.uint8)
    >>> score = baselines()["pca-16"](normal, np.stack([normal[0], 255 - normal[0]]))
    >>> bool(score[1] > score[0])
    True
    """
    residuals = {f"pca-{dim}": functools.partial(_residual, dim) for dim in PCA_DIMS}
    return {
        **residuals,
        "knn-pixels": lambda train, test: nearest(_rows(train), _rows(test)).mean_distances(),
        "isolation-forest": _isolation_forest,
        "one-class-svm-pca": _one_class_svm,
    }


def _rows(images: Images) -> NDArray[np.float32]:
    return as_floats(images).reshape(len(images), -1)


def _residual(dim: int, train: Images, test: Images) -> NDArray[np.floating]:
    pca = fit_pca(train, dim, np.arange(len(train), dtype=np.int32))
    clean = as_floats(test)
    return image_mse(clean, pca.reconstructions(clean, dim))


def _isolation_forest(train: Images, test: Images) -> NDArray[np.floating]:
    from sklearn.ensemble import IsolationForest

    return -IsolationForest(random_state=0).fit(_rows(train)).score_samples(_rows(test))


def _one_class_svm(train: Images, test: Images) -> NDArray[np.floating]:
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import OneClassSVM

    dims = min(_SVM_DIMS, len(train), train[0].size)
    return -make_pipeline(
        PCA(dims, whiten=True, random_state=0), OneClassSVM(nu=0.1)
    ).fit(_rows(train)).score_samples(_rows(test))  # fmt: skip
