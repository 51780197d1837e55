"""The two linear denoisers out of inner products of images, where pixels outnumber them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kerasae.studies.linear_denoisers import LinearDenoiser, expected_noisy_pixel

_MOST_IMAGES = 4096
_MOST_NUMBERS = 1 << 26


def taken_for_dual(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns the images that fit in memory: evenly spaced, at most 4,096 and half a gigabyte."""
    most = max(2, min(_MOST_IMAGES, _MOST_NUMBERS // images[0].size))
    return images[:: -(-len(images) // most)]


def dual_denoisers(
    images: NDArray[np.uint8], sigma: float, clip: bool, ranks: Sequence[int]
) -> tuple[dict[int, LinearDenoiser], LinearDenoiser]:
    """Builds the denoisers of `linear_denoisers` without a covariance matrix of the pixels.

    With `X` and `Y` the clean and the expected noisy images less their means, a row each, `n` of
    them, and `D` the noise's variance pixel by pixel, the best linear estimator is
    `C_xy C_yy^-1 = X'Y (n D + Y'Y)^-1 = X' (n + Y D^-1 Y')^-1 Y D^-1`; and the principal
    components are `X' u / sqrt(λ)`, of the eigenvectors `u` of `X X'`.

    Args:
        images: Clean training images, `uint8`, `(images, ...)`.
        sigma: Standard deviation of the noise, above 0.
        clip: Whether the noisy images are clipped to [0, 1].
        ranks: Numbers of components, each from 1 to the number of images.

    Returns:
        A projection for each rank, and the best linear estimator.
    """
    from scipy.linalg import eigh, solve

    count = len(images)
    grey = images.reshape(count, -1)
    first, second = expected_noisy_pixel(np.arange(256) / 255, sigma, clip)
    clean = grey / np.float64(255)
    noisy = first[grey] if clip else clean
    variances = (second - np.square(first))[grey].mean(0) if clip else sigma**2
    clean_mean, noisy_mean = clean.mean(0), noisy.mean(0)
    clean, noisy = clean - clean_mean, noisy - noisy_mean
    weighted = noisy / variances
    inward = solve(count * np.eye(count) + weighted @ noisy.T, weighted, assume_a="pos")
    squares, vectors = eigh(clean @ clean.T, subset_by_index=(count - max(ranks), count - 1))
    # Images that are all the same have no components: theirs are zero.
    basis = clean.T @ (vectors / np.sqrt(np.maximum(squares, 1e-9 * count)))
    projections = {rank: basis[:, max(ranks) - rank :] for rank in ranks}
    return (
        {rank: LinearDenoiser((b, b.T), noisy_mean, clean_mean) for rank, b in projections.items()},
        LinearDenoiser((clean.T, inward), noisy_mean, clean_mean),
    )
