"""Principal component analysis: the linear autoencoder that every network must beat."""

import contextlib
import dataclasses
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from kerasae.data.pixels import as_floats, slices_of
from kerasae.experiment import Count, check_several
from kerasae.files.shapes import checked
from kerasae.memory import check_memory
from kerasae.pca_in_blocks import BLOCK, components_in_blocks

_BATCH = 5000
# Up to this many pixels the covariance matrix is the quickest way, and exact.
_COVARIANCE_PIXELS = 2000
# Directions in which the images hardly vary cannot be whitened: their deviation counts as
# this share of the largest.
_SMALLEST_DEVIATION = 1e-3
_MOST_NUMBERS = 1 << 28
# Of more, floats are made a block at a time.
_MOST_AT_ONCE = 1 << 26
_COLUMNS = 128


@dataclasses.dataclass(frozen=True)
class PCA:
    """The principal components of a set of images, strongest first.

    Args:
        mean: Mean image, `float32`, `(pixels,)`.
        components: Orthonormal directions, `float32`, `(components, pixels)`.
        variances: Variance of the images along each direction, `float32`, `(components,)`.
        total_variance: Sum of the pixels' variances, `float32`, `()`; infinite where not known.
    """

    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    variances: NDArray[np.float32]
    total_variance: NDArray[np.float32] = dataclasses.field(
        default_factory=lambda: np.array(np.inf, np.float32)
    )

    @property
    def mean_outweighs(self) -> bool:
        """Whether the mean image holds more of the images' energy than they vary.

        So it does in photos, 2 to 14 times, and in Fashion-MNIST (1.35), not in MNIST (0.63).
        """
        return bool(np.square(self.mean).sum() > self.total_variance)

    def linear_path(
        self, latent_dim: int, sigma: float = 0.0
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Returns the weights of a linear autoencoder that does what PCA does.

        The code is standardized: each of its units has mean 0 and variance 1. For noisy
        input the decoder shrinks each direction by `variance / (variance + sigma²)`, which
        makes the path the best linear estimator of that rank (Wiener's filter in the
        basis of the components).

        Args:
            latent_dim: Size of the code. Units beyond the components there are get zeros.
            sigma: Standard deviation of white noise on the input, 0 for none.

        Returns:
            Kernel `(pixels, latent_dim)` and bias `(latent_dim,)` of the encoder, kernel
            `(latent_dim, pixels)` and bias `(pixels,)` of the decoder, `float32`.

        Example:

        >>> basis = PCA(np.array([0.5, 0.5], np.float32), np.array([[1, 0]], np.float32),
        ...             np.array([4.0], np.float32))
        >>> kernel, bias, _, _ = basis.linear_path(1)
        >>> (np.array([2.5, 7.0]) @ kernel + bias).tolist()
        [1.0]
        """
        count = min(latent_dim, len(self.components))
        variances = self.variances[:count].astype(np.float64)
        deviations = np.sqrt(variances + sigma**2)
        deviations = np.maximum(deviations, _SMALLEST_DEVIATION * deviations.max(initial=0) or 1)
        shrinkage = self._shrinkage(variances, sigma)
        missing = ((0, latent_dim - count), (0, 0))
        encode = np.pad(self.components[:count] / deviations[:, None], missing)
        decode = np.pad(self.components[:count] * (deviations * shrinkage)[:, None], missing)
        with _one_thread():
            code_mean = encode @ self.mean
        weights = (encode.T, -code_mean, decode, self.mean)
        kernel, bias, kernel_out, bias_out = (array.astype(np.float32) for array in weights)
        return kernel, bias, kernel_out, bias_out

    def mse(self, images: NDArray[np.uint8], dims: Iterable[int]) -> dict[int, float]:
        """Returns the error of PCA's reconstructions, clipped to [0, 1], for each dimension.

        Args:
            images: Images to score, `uint8`, `(images, ...)`.
            dims: Numbers of components; a number above what there are is scored with all.

        Returns:
            Mean squared error over pixels and images, by dimension.
        """
        errors = dict.fromkeys(dims, 0.0)
        for part in slices_of(len(images), images.shape[1:], _BATCH):
            batch = images[part]
            clean = as_floats(batch)
            for dim in errors:
                error = np.square(self.reconstructions(batch, dim) - clean)
                errors[dim] += float(error.sum(dtype=np.float64))
        return {dim: error / images.size for dim, error in errors.items()}

    def reconstructions(
        self, images: NDArray[np.uint8 | np.floating], dim: int, sigma: float = 0.0
    ) -> NDArray[np.float32]:
        """Returns PCA's reconstructions from so many components, clipped to [0, 1].

        Args:
            images: Images, `uint8`, or floats where clean ones lie in [0, 1], `(images, ...)`.
            dim: Number of components; a number above what there are means all.
            sigma: Standard deviation of white noise on the images: each direction is then
                shrunk as `linear_path` does.

        Returns:
            The reconstructions, `float32`, of the images' shape.
        """
        with _one_thread():
            codes = (scaled(images) - self.mean) @ self.components[:dim].T
            if sigma:
                codes *= self._shrinkage(self.variances[:dim], sigma).astype(np.float32)
            output = codes @ self.components[:dim] + self.mean
        clipped: NDArray[np.float32] = np.clip(output, 0, 1)
        return clipped.reshape(images.shape)

    @staticmethod
    def _shrinkage(variances: NDArray[np.floating], sigma: float) -> NDArray[np.float64]:
        noisy = variances.astype(np.float64) + sigma**2
        return variances / np.maximum(noisy, np.finfo(np.float64).tiny)


def fit_pca(
    images: NDArray[np.uint8], components: int, rows: NDArray[np.integer] | None = None
) -> PCA:
    """Fits PCA with scikit-learn, on images scaled to [0, 1].

    The components are nested, so one fit serves every dimension. It runs on one thread, so
    that the same images give the same bits. Images of more than 2,000 pixels are left to
    scikit-learn's choice of solver, seeded. Images that fill more than a quarter of a gigabyte as
    `float32` are gone through in blocks; of more than fill a gigabyte, evenly spaced ones are
    taken.

    Args:
        images: Images to fit on, `uint8`, `(images, ...)`.
        components: Number of components; fewer come back where the images allow fewer.
        rows: Which of the images to fit on; `None` for all.

    Returns:
        The fitted `PCA`.

    Raises:
        InvalidSetting: If there are fewer than two images to fit on, or `components` is not a
            whole number of at least 1.

    Example:

    >>> images = np.repeat(np.array([[0, 0], [255, 255]], np.uint8), 2, axis=0)
    >>> round(fit_pca(images, 1).mse(images, [1])[1], 9)
    0.0
    """
    from sklearn import decomposition

    rows = np.arange(len(images)) if rows is None else rows
    check_several(len(rows))
    checked("components", components, Count)
    pixels = math.prod(images.shape[1:])
    check_memory(
        f"PCA of {len(rows):,} images of {pixels:,} numbers",
        pca_bytes(len(rows), pixels, components),
        "convert them to a smaller --image-size, or choose a smaller --latent-dim",
    )
    rows = rows[:: max(1, -(-len(rows) * pixels // _MOST_NUMBERS))]
    count = min(components, len(rows), pixels)
    with _one_thread(), np.errstate(invalid="ignore"):
        if len(rows) * pixels > _MOST_AT_ONCE:
            return PCA(*components_in_blocks(images, rows, count, _COVARIANCE_PIXELS))
        flat = scaled(images[rows])
        solver: Any = "covariance_eigh" if pixels <= _COVARIANCE_PIXELS else "auto"
        # Images that are all the same have no variance: scikit-learn's ratios, which nobody reads
        # here, are then 0 / 0.
        model = decomposition.PCA(count, svd_solver=solver, random_state=0).fit(flat)
    total = np.array(_variances(flat).sum(), np.float32)
    return PCA(model.mean_, model.components_, model.explained_variance_, total)


def _one_thread() -> contextlib.AbstractContextManager[object]:
    """Has NumPy compute with one thread: with more, products may have other last bits."""
    limits: contextlib.AbstractContextManager[object] = threadpool_limits(1)
    return limits


def pca_bytes(images: int, pixels: int, components: int) -> int:
    """Returns the bytes that fitting PCA takes.

    Args:
        images: Number of images.
        pixels: Numbers in one of them.
        components: Number of components.
    """
    numbers = min(images, max(1, _MOST_NUMBERS // pixels)) * pixels
    count = min(components, images, pixels)
    found = 3 * pixels * (count + 10)
    if pixels <= _COVARIANCE_PIXELS:
        # The matrix, its eigenvectors and what LAPACK works with, in float64.
        found += 8 * pixels * pixels
    if numbers > _MOST_AT_ONCE:
        return numbers + 4 * (3 * max(BLOCK, pixels) + found)
    # Of as many components as there are images, scikit-learn makes a whole decomposition.
    whole = 3 * min(images, pixels) ** 2 if pixels > _COVARIANCE_PIXELS else 0
    return numbers + 4 * (4 * numbers + found + whole)


def _variances(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Returns the variance of each column, without a copy of all as `float64`."""
    columns = range(0, pixels.shape[1], _COLUMNS)
    return np.concatenate(
        [pixels[:, start : start + _COLUMNS].var(axis=0, dtype=np.float64) for start in columns]
    )


def scaled(images: NDArray[np.uint8 | np.floating]) -> NDArray[np.float32]:
    """Returns images as rows of pixels in [0, 1], `float32`, `(images, pixels)`."""
    return as_floats(images.reshape(len(images), -1))
