"""The one definition of MSE and PSNR."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

# A perfect image has an infinite PSNR, which would swallow every mean: it counts as 100 dB.
_SMALLEST_MSE = 1e-10


@dataclasses.dataclass(frozen=True)
class Scores:
    """How well images are reconstructed.

    Args:
        mse: Mean squared error over pixels and images, images in [0, 1].
        psnr: Mean of the per-image PSNR, in dB.
        pooled_psnr: PSNR of `mse`, in dB; never above `psnr`.
    """

    mse: float
    psnr: float
    pooled_psnr: float


def psnr(mse: ArrayLike) -> NDArray[np.float64]:
    """Returns the peak signal-to-noise ratio `10 log10(1 / mse)`, in dB, for a peak of 1.

    Args:
        mse: Mean squared error of each image, any shape. Errors below 1e-10 count as
            1e-10, so that a perfect image has 100 dB.

    Returns:
        PSNR in dB, `float64`, of the same shape.

    Example:

    >>> psnr([0.01, 0.0]).tolist()
    [20.0, 100.0]
    """
    return -10.0 * np.log10(np.maximum(np.asarray(mse, np.float64), _SMALLEST_MSE))


def scores(image_mse: ArrayLike) -> Scores:
    """Summarizes per-image errors.

    Args:
        image_mse: Mean squared error of each image, `(images,)`, at least one.

    Returns:
        The `Scores`.

    Example:

    >>> scores([0.1, 0.001])
    Scores(mse=0.0505, psnr=20.0, pooled_psnr=12.967086218813385)
    """
    errors = np.asarray(image_mse, np.float64)
    mse = float(errors.mean())
    return Scores(mse, float(psnr(errors).mean()), float(psnr(mse)))
