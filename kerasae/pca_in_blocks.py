"""The principal components of more images than are wanted in memory as floats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerasae.data.pixels import as_floats

# Numbers that are floats at once: 64 MiB.
BLOCK = 1 << 24
_OVERSAMPLES = 10
_ROUNDS = 7


class Components(NamedTuple):
    """What PCA found: see `PCA`."""

    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    variances: NDArray[np.float32]
    total_variance: NDArray[np.float32]


def components_in_blocks(
    images: NDArray[np.uint8], rows: NDArray[np.integer], count: int, most_covariance: int
) -> Components:
    """Finds principal components a block of images at a time; the images may be mapped.

    Of a few pixels the covariance matrix is summed up, and its eigenvectors are exact. Of many it
    is never made: it is multiplied with a few random directions again and again (Halko et al.
    2011, as scikit-learn's randomized solver does).

    Args:
        images: Images, `uint8`, `(images, ...)`.
        rows: Which of them.
        count: Number of components.
        most_covariance: Pixels up to which the covariance matrix is made.
    """
    blocks = _Blocks(images, rows)
    pixels = blocks.pixels
    if pixels <= most_covariance:
        covariance = sum(block.T @ block for block in blocks.centred())
        values, vectors = np.linalg.eigh(np.asarray(covariance, np.float64))
    else:
        width = min(count + _OVERSAMPLES, pixels)
        random = np.random.RandomState(0)
        basis = random.standard_normal((pixels, width)).astype(np.float32)
        for _ in range(_ROUNDS):
            basis, _ = np.linalg.qr(blocks.times_covariance(basis))
        inner = basis.T @ blocks.times_covariance(basis)
        values, turned = np.linalg.eigh((inner + inner.T).astype(np.float64) / 2)
        vectors = basis @ turned.astype(np.float32)
    found = vectors[:, ::-1].T[:count]
    # The largest number of each is positive: a sign that does not depend on the solver.
    largest = np.take_along_axis(found, np.abs(found).argmax(axis=1)[:, None], axis=1)
    return Components(
        blocks.mean,
        np.ascontiguousarray(found * np.sign(largest), np.float32),
        (np.maximum(values[::-1][:count], 0) / (len(rows) - 1)).astype(np.float32),
        np.array(blocks.total_variance, np.float32),
    )


class _Blocks:
    """Rows of images, as floats a block at a time."""

    def __init__(self, images: NDArray[np.uint8], rows: NDArray[np.integer]) -> None:
        self._images, self._rows = images, rows
        self.pixels = int(np.prod(images.shape[1:]))
        total = sum(block.sum(axis=0, dtype=np.float64) for block in self._floats())
        mean = np.asarray(total) / len(rows)
        self.mean: NDArray[np.float32] = mean.astype(np.float32)
        squares = sum(float(np.square(b).sum(dtype=np.float64)) for b in self.centred())
        self.total_variance = squares / len(rows)

    def _floats(self) -> Iterator[NDArray[np.float32]]:
        size = max(1, BLOCK // self.pixels)
        for start in range(0, len(self._rows), size):
            block = self._images[self._rows[start : start + size]]
            yield as_floats(block.reshape(len(block), -1))

    def centred(self) -> Iterator[NDArray[np.float32]]:
        for block in self._floats():
            block -= self.mean
            yield block

    def times_covariance(self, basis: NDArray[np.float32]) -> NDArray[np.float32]:
        """Multiplies the images' scatter matrix with columns."""
        product = np.zeros(basis.shape, np.float32)
        for block in self.centred():
            product += block.T @ (block @ basis)
        return product
