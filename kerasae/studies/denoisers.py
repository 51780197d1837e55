"""Classical denoisers, the baselines that a denoising network is set beside."""

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kerasae.data.pixels import as_floats
from kerasae.errors import InvalidSetting
from kerasae.experiment import check_setting
from kerasae.metrics import image_mse, psnr
from kerasae.noise import noisy_images
from kerasae.studies.dual_denoisers import dual_denoisers, taken_for_dual
from kerasae.studies.linear_denoisers import (
    LinearDenoiser,
    best_linear_estimator,
    pair_moments,
    pca_projections,
)

BASELINES = ("gaussian", "wiener", "total_variation", "non_local_means", "pca", "linear")
# The slow filters take 2 ms an image: this many images settle the parameters in seconds.
_CHOICE_IMAGES = 500
_BLURS = (0.6, 0.8, 1.0, 1.2, 1.4, 1.7, 2.0)
_WINDOWS = (3, 5, 7)
# Times the noise's standard deviation.
_TV_WEIGHTS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.3)
_NLM_STRENGTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.65)
_COMPONENTS = (5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150)
# A covariance matrix of this many pixels takes an eighth of a gigabyte.
_MOST_PIXELS = 4096

Images = NDArray[np.float32]
Filter = Callable[[Images], Images]


@dataclasses.dataclass(frozen=True)
class Baseline:
    """A classical denoiser with its parameter chosen.

    Args:
        name: One of `BASELINES`.
        parameter: What was chosen, in words, such as `blur of 1.2 pixels`.
        filter: From noisy images `(images, height, width)` or
            `(images, height, width, channels)`, `float32`, to denoised ones in [0, 1] of the
            same shape and type.
    """

    name: str
    parameter: str
    filter: Filter


def fit_baselines(
    train: NDArray[np.uint8],
    validation: NDArray[np.uint8],
    sigma: float,
    *,
    clip: bool = False,
    seed: int | tuple[int, ...] = 0,
) -> list[Baseline]:
    """Fits the classical denoisers for Gaussian noise of a known strength.

    Each filter's parameter is the one with the highest mean per-image PSNR on (at most
    500) validation images with noise; the test images play no part. The best linear
    estimator has nothing to choose. Of images of more than 4,096 numbers it is fitted, like
    PCA, on at most 4,096, evenly spaced. Blur, Wiener's filter and total variation take each
    channel of a colour image by itself. Fitting takes about 15 seconds on 54,000 images of
    28x28. Denoising 10,000 takes 20 s by non-local means, 15 s by total variation, 5 s by
    Wiener and less than a second by each other (one core), so that no baseline needs to be
    judged on a subset of the test images.

    Args:
        train: Clean training images, `uint8`, `(images, height, width)` or
            `(images, height, width, channels)`.
        validation: Clean validation images, like `train`, at least one.
        sigma: Standard deviation of the noise where the images lie in [0, 1], above 0.
        clip: Whether the noisy images are clipped to [0, 1].
        seed: Seed of the noise on the validation images.

    Returns:
        A `Baseline` for each name of `BASELINES`, in that order.

    Raises:
        InvalidSetting: If `sigma` is not above 0, or the images have another shape.

    Example:

    >>> images = np.random.RandomState(0).randint(0, 256, (9, 16, 16), np.uint8)
    >>> baselines = fit_baselines(images[:8], images[8:], sigma=0.6)
    >>> [baseline.name for baseline in baselines][-2:]
    ['pca', 'linear']
    """
    check_setting("sigma", sigma)
    if sigma == 0:
        raise InvalidSetting("sigma", sigma, "a number above 0: there is no noise to remove")
    if train.ndim not in (3, 4):
        expected = "(images, height, width) or (images, height, width, channels)"
        raise InvalidSetting("images", train.shape, expected)
    clean = validation[:_CHOICE_IMAGES]
    noisy = noisy_images(clean, sigma, seed, clip)
    projections, linear = _linear_denoisers(train, sigma, clip)
    choices: dict[str, list[tuple[str, Filter]]] = {
        "gaussian": [(f"blur of {b:g} pixels", gaussian_blur(b)) for b in _BLURS],
        "wiener": [(f"window of {w}x{w} pixels", wiener(w)) for w in _WINDOWS],
        "total_variation": [
            (f"weight {w * sigma:.3g}", total_variation(w * sigma)) for w in _TV_WEIGHTS
        ],
        "non_local_means": [
            (f"h {s * sigma:.3g}", non_local_means(s * sigma, sigma)) for s in _NLM_STRENGTHS
        ],
        "pca": [(f"{rank} components", onto) for rank, onto in projections.items()],
        "linear": [("fitted in closed form", linear)],
    }

    def reached(choice: tuple[str, Filter]) -> float:
        return mean_psnr(clean, choice[1](noisy))

    return [Baseline(name, *max(choices[name], key=reached)) for name in BASELINES]


def _linear_denoisers(
    train: NDArray[np.uint8], sigma: float, clip: bool
) -> tuple[dict[int, LinearDenoiser], LinearDenoiser]:
    pixels = train[0].size
    if pixels > _MOST_PIXELS:
        train = taken_for_dual(train)
    # Images have one component less than there are of them, for their mean is taken off.
    most = max(1, min(pixels, len(train) - 1))
    ranks = [rank for rank in _COMPONENTS if rank <= most] or [most]
    if len(train) < pixels:
        return dual_denoisers(train, sigma, clip, ranks)
    moments = pair_moments(train, sigma, clip)
    return pca_projections(moments, ranks), best_linear_estimator(moments)


def gaussian_blur(blur: float) -> Filter:
    """Returns a Gaussian filter of standard deviation `blur`, in pixels."""
    from scipy.ndimage import gaussian_filter

    return lambda noisy: _clipped(gaussian_filter(noisy, blur, axes=(1, 2)))


def wiener(window: int) -> Filter:
    """Returns SciPy's adaptive Wiener filter (Lim 1990), for a square window of odd width.

    It takes the mean local variance of each image, over all channels, for the power of the noise.
    """
    from scipy import signal

    def filtered(noisy: Images) -> Images:
        # A window of one grey value has no variance: SciPy divides by it, then keeps the mean.
        with np.errstate(divide="ignore", invalid="ignore"):
            shape = (window, window, 1)[: noisy.ndim - 1]
            output = np.stack([signal.wiener(image, shape) for image in noisy.astype(np.float64)])
        # An image of one grey value is 0/0 throughout: it has no noise.
        return _clipped(np.where(np.isnan(output), noisy, output))

    return filtered


def total_variation(weight: float) -> Filter:
    """Returns total-variation denoising (Chambolle 2004, scikit-image) of a weight above 0."""
    from skimage.restoration import denoise_tv_chambolle

    def filtered(noisy: Images) -> Images:
        # With a channel axis scikit-image denoises each of its images, or channels, by itself.
        axis = -1 if noisy.ndim == 4 else None
        return _clipped(
            np.stack([denoise_tv_chambolle(one, weight, channel_axis=axis) for one in noisy])
        )

    return filtered


def non_local_means(strength: float, sigma: float) -> Filter:
    """Returns non-local means (Buades, Coll & Morel 2005, scikit-image's fast variant).

    Args:
        strength: Cut-off of the distance between patches (`h`), above 0.
        sigma: Standard deviation of the noise, which is taken off the distances.
    """
    from skimage.restoration import denoise_nl_means

    settings = {"patch_size": 5, "patch_distance": 6, "h": strength, "sigma": sigma}

    def filtered(noisy: Images) -> Images:
        axis = -1 if noisy.ndim == 4 else None
        output = [denoise_nl_means(one, channel_axis=axis, **settings) for one in noisy]
        # scikit-image drops sides of one pixel.
        return _clipped(np.reshape(output, noisy.shape))

    return filtered


def mean_psnr(clean: NDArray[np.uint8], images: Images) -> float:
    """Returns the mean of the per-image PSNR, in dB, of `float` images against clean ones."""
    return float(psnr(image_mse(as_floats(clean), images)).mean())


def _clipped(images: NDArray) -> Images:
    return np.clip(images, 0, 1).astype(np.float32)
