"""Principal component analysis: the linear autoencoder that every network must beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_CHUNK = 5000


def pca_test_mse(
    train: NDArray[np.uint8], test: NDArray[np.uint8], dims: Sequence[int]
) -> dict[int, float]:
    """Returns the test MSE of PCA for each dimension, outputs clipped to [0, 1].

    PCA is fitted once, with scikit-learn, on images scaled to [0, 1]; its components are
    nested, so one fit serves every dimension.

    Args:
        train: Images to fit on, `uint8`, `(images, ...)`.
        test: Images to score, of the same shape.
        dims: Numbers of components. A dimension above the rank that the images allow is
            scored with all there are.

    Returns:
        The mean squared error for each dimension.

    Example:

    >>> images = np.repeat(np.array([[0, 0], [255, 255]], np.uint8), 2, axis=0)
    >>> round(pca_test_mse(images, images, [1])[1], 12)
    0.0
    """
    from sklearn.decomposition import PCA

    pixels = train.reshape(len(train), -1) / np.float64(255)
    model = PCA(min(max(dims), *pixels.shape), random_state=0).fit(pixels)
    del pixels
    errors = dict.fromkeys(dims, 0.0)
    for start in range(0, len(test), _CHUNK):
        clean = test[start : start + _CHUNK].reshape(-1, model.mean_.size) / np.float64(255)
        codes = (clean - model.mean_) @ model.components_.T
        for dim in errors:
            output = codes[:, :dim] @ model.components_[:dim] + model.mean_
            errors[dim] += float(np.square(np.clip(output, 0, 1) - clean).sum())
    return {dim: error / test.size for dim, error in errors.items()}
