"""The two linear denoisers, PCA projection and the best linear estimator, in closed form."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kerasae.errors import InvalidSetting

_CHUNK = 5000


@dataclasses.dataclass(frozen=True)
class PairMoments:
    """First and second moments of pairs (clean image, noisy image), `float64`.

    Args:
        clean_mean: Mean clean image, `(pixels,)`.
        noisy_mean: Mean noisy image, `(pixels,)`.
        clean_covariance: Covariance of the clean images, `(pixels, pixels)`.
        cross_covariance: Covariance of clean (rows) with noisy images (columns).
        noisy_covariance: Covariance of the noisy images.
    """

    clean_mean: NDArray[np.float64]
    noisy_mean: NDArray[np.float64]
    clean_covariance: NDArray[np.float64]
    cross_covariance: NDArray[np.float64]
    noisy_covariance: NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class LinearDenoiser:
    """A denoiser `output_mean + matrix @ (noisy - input_mean)`, clipped to [0, 1].

    Args:
        factors: Matrices whose product is the matrix `(pixels, pixels)`.
        input_mean: `(pixels,)`.
        output_mean: `(pixels,)`.
    """

    factors: tuple[NDArray[np.float64], ...]
    input_mean: NDArray[np.float64]
    output_mean: NDArray[np.float64]

    def __call__(self, noisy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Denoises images `(images, ...)`; returns `float32` in [0, 1] of the same shape."""
        flat = noisy.reshape(len(noisy), -1) - self.input_mean.astype(np.float32)
        for factor in reversed(self.factors):
            flat = flat @ factor.T.astype(np.float32)
        flat += self.output_mean.astype(np.float32)
        return np.clip(flat, 0, 1).reshape(noisy.shape)


def pair_moments(images: NDArray[np.uint8], sigma: float, clip: bool = False) -> PairMoments:
    """Computes the moments of all pairs of training images and noisy versions of them.

    The noise is not sampled: the expectation over it is exact, pixel by pixel. The noise of
    different pixels is independent, so that a noisy pixel enters every moment through its
    expectation `g(x) = E[noisy | x]` and the diagonal through `E[noisy² | x]`; both are a
    table of the 256 grey values (`expected_noisy_pixel`). The moments are those of
    infinitely many noisy copies of each image, and no seed enters.

    Args:
        images: Clean training images, `uint8`, `(images, ...)`.
        sigma: Standard deviation of the noise, above 0.
        clip: Whether the noisy images are clipped to [0, 1].

    Returns:
        The `PairMoments`.
    """
    first, second = expected_noisy_pixel(np.arange(256) / 255, sigma, clip)
    count, size = len(images), images[0].size
    # Of the clean pixels, the noisy ones, and their squares; then of pairs of pixels.
    sums, products = np.zeros((3, size)), np.zeros((3, size, size))
    for start in range(0, count, _CHUNK):
        grey = images[start : start + _CHUNK].reshape(-1, size)
        clean, noisy = grey / np.float64(255), first[grey]
        sums += [clean.sum(0), noisy.sum(0), second[grey].sum(0)]
        products[0] += clean.T @ clean
        # Noise that is not clipped leaves the expectation alone: one product serves for three.
        if clip:
            products[1:] += clean.T @ noisy, noisy.T @ noisy
    if not clip:
        products[1:] = products[0]
    np.fill_diagonal(products[2], sums[2])
    x, y = sums[:2] / count
    means = np.stack([np.outer(x, x), np.outer(x, y), np.outer(y, y)])
    return PairMoments(x, y, *(products / count - means))


def expected_noisy_pixel(
    value: NDArray[np.float64], sigma: float, clip: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the first and second moment of a pixel with noise, given its clean value.

    Clipped noise follows a normal distribution whose tails are moved onto 0 and 1. With
    `s = sigma`, `a = -x/s`, `b = (1-x)/s`, the normal density φ and distribution Φ:
    `E[y] = x (Φ(b) - Φ(a)) + s (φ(a) - φ(b)) + 1 - Φ(b)` and likewise `E[y²]`.

    Args:
        value: Clean values in [0, 1], any shape.
        sigma: Standard deviation of the noise, above 0.
        clip: Whether the noisy value is clipped to [0, 1].

    Returns:
        `E[y]` and `E[y²]`, of the shape of `value`.

    Example:

    >>> [float(moment) for moment in expected_noisy_pixel(np.array(0.5), 0.25, clip=False)]
    [0.5, 0.3125]
    """
    if not clip:
        return value, np.square(value) + sigma**2
    from scipy.special import ndtr

    low, high = -value / sigma, (1 - value) / sigma
    inside = ndtr(high) - ndtr(low)
    above = ndtr(-high)
    density_low, density_high = _density(low), _density(high)
    first = value * inside + sigma * (density_low - density_high) + above
    second = (np.square(value) + sigma**2) * inside + above
    second += sigma * (value * density_low - (value + 1) * density_high)
    return first, second


def best_linear_estimator(moments: PairMoments) -> LinearDenoiser:
    """Builds the linear estimator with the least mean squared error (LMMSE).

    Its matrix is `C_xy C_yy^-1` (Kay 1993, "Fundamentals of Statistical Signal Processing:
    Estimation Theory", chapter 12).

    Args:
        moments: Moments of the training pairs, `sigma` above 0.

    Returns:
        The estimator. No other affine function of the noisy pixels has a smaller mean
        squared error on the training pairs, before its output is clipped.
    """
    from scipy.linalg import solve

    matrix = solve(moments.noisy_covariance, moments.cross_covariance.T, assume_a="pos").T
    return LinearDenoiser((matrix,), moments.noisy_mean, moments.clean_mean)


def pca_projections(moments: PairMoments, ranks: Sequence[int]) -> dict[int, LinearDenoiser]:
    """Builds projections on the first principal components of the clean images.

    Args:
        moments: Moments of the training pairs.
        ranks: Numbers of components, each from 1 to the number of pixels.

    Returns:
        A projection for each rank, around the mean noisy image and back to the mean clean
        image, so that the shift of brightness that clipped noise brings is undone.

    Raises:
        InvalidSetting: If there are not that many components.
    """
    from scipy.linalg import eigh

    size, most = len(moments.clean_mean), max(ranks)
    if min(ranks) < 1 or most > size:
        raise InvalidSetting("ranks", list(ranks), f"whole numbers from 1 to {size}")
    _, vectors = eigh(moments.clean_covariance, subset_by_index=(size - most, size - 1))
    kept = {rank: vectors[:, most - rank :] for rank in ranks}
    return {
        rank: LinearDenoiser((basis, basis.T), moments.noisy_mean, moments.clean_mean)
        for rank, basis in kept.items()
    }


def _density(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-np.square(value) / 2) / math.sqrt(2 * math.pi)
