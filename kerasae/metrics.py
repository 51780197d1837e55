"""The one definition of MSE, PSNR and SSIM; `PSNR` and `SSIM` are Keras metrics of the same."""

import dataclasses
import importlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from kerasae.keras_metrics import PSNR as PSNR
    from kerasae.keras_metrics import SSIM as SSIM

# A perfect image has an infinite PSNR, which would swallow every mean: it counts as 100 dB.
SMALLEST_MSE = 1e-10
# Wang et al. 2004: a Gaussian window of 11x11 pixels.
SSIM_WINDOW = 11
SSIM_SIGMA = 1.5
# So many standard errors apart, two means are told apart.
TOLD_APART = 2


def __getattr__(name: str) -> Any:
    # Scores need no Keras, which takes seconds to import.
    if name in ("PSNR", "SSIM"):
        return getattr(importlib.import_module("kerasae.keras_metrics"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
    return -10.0 * np.log10(np.maximum(np.asarray(mse, np.float64), SMALLEST_MSE))


def image_mse(clean: NDArray, images: NDArray) -> NDArray[np.float64]:
    """Returns the mean squared error of each image.

    Args:
        clean: Original images in [0, 1], `(images, ...)`.
        images: Images to compare, of the same shape.

    Returns:
        `float64`, `(images,)`.

    Example:

    >>> image_mse(np.array([[0.0, 1.0], [0.5, 0.5]]), np.array([[0.0, 0.0], [0.5, 0.5]])).tolist()
    [0.5, 0.0]
    """
    squares = np.square(images - clean).reshape(len(clean), -1)
    return squares.mean(1, dtype=np.float64)


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


def mean_difference(errors: NDArray, others: NDArray) -> tuple[float, float]:
    """Compares two errors of the same images.

    Args:
        errors: Error of each image, `(images,)`, at least one.
        others: The other errors, of the same shape.

    Returns:
        The mean of `errors` less `others`, and its standard error; of one image, which does not
        tell how much images differ, that is infinite.

    Example:

    >>> mean_difference(np.array([3.0, 5.0]), np.array([1.0, 1.0]))
    (3.0, 1.0)
    """
    difference = errors.astype(np.float64) - others
    spread = float(difference.std(ddof=1)) if len(difference) > 1 else math.inf
    return float(difference.mean()), spread / math.sqrt(len(difference))


def ssim(clean: NDArray, images: NDArray) -> NDArray[np.float64]:
    """Returns the structural similarity of each image to its clean original.

    Computed by scikit-image with the settings of Wang, Bovik, Sheikh & Simoncelli (2004),
    "Image quality assessment: from error visibility to structural similarity": a Gaussian
    window of 11x11 pixels with standard deviation 1.5, population variances, averaged
    where the window fits. About 0.5 ms an image of 28x28. `tf.image.ssim` gives the same
    values in the same time; this one needs no TensorFlow.

    Args:
        clean: Original images in [0, 1], `(images, height, width)` or
            `(images, height, width, channels)`.
        images: Images to compare, of the same shape.

    Returns:
        SSIM, at most 1, `float64`, `(images,)`. `nan` for every image when the images are
        smaller than the window: the index is not defined for them.

    Example:

    >>> ssim(np.zeros((2, 28, 28)), np.zeros((2, 28, 28))).tolist()
    [1.0, 1.0]
    """
    from skimage.metrics import structural_similarity

    if min(clean.shape[1:3]) < SSIM_WINDOW:
        return np.full(len(clean), np.nan)
    channel_axis = -1 if clean.ndim == 4 else None
    pairs = zip(clean.astype(np.float64), images.astype(np.float64), strict=True)
    found = [
        structural_similarity(
            original, image, data_range=1.0, gaussian_weights=True, sigma=SSIM_SIGMA,
            use_sample_covariance=False, channel_axis=channel_axis,
        )
        for original, image in pairs
    ]  # fmt: skip
    return np.array(found, np.float64)
