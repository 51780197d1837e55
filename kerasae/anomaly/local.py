"""A score relative to similar images: what is odd for a sandal need not be odd for a shirt."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from kerasae.anomaly.combined import LEAST
from kerasae.anomaly.neighbours import NEIGHBOURS, Near, nearest

Floats = NDArray[np.floating]
# Chosen inside the training splits with one novel class, see docs/anomaly.md.
COMPARED = 50
SHARE = 0.5


@dataclasses.dataclass(frozen=True)
class Local:
    """How far an image lies from the training images, compared with those of similar codes.

    The distance is the mean of those to the 5 nearest training images, between the square roots of
    the first hidden layer's units (as in Hellinger's distance, roots keep a few large ones from
    deciding alone). From its logarithm, half of the mean over the images of the 50 nearest codes
    is subtracted. Where several kinds of images are normal, some lie farther apart than others;
    the idea is that of the local outlier factor (Breunig et al., "LOF: Identifying Density-Based
    Local Outliers", SIGMOD 2000).

    Args:
        roots: Of the units of training images, `float16`, `(images, units)`.
        usual: The logarithms of the same distance, of those whose codes are known, the first of
            these images, to the nearest others, `(codes,)`.
        mean: Of the differences, in normal images that were held out, `(1,)`.
        scale: Their standard deviation, `(1,)`.
    """

    roots: NDArray[np.float16]
    usual: Floats
    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, units: Floats, codes: int, near: Near, held_out: Floats) -> Local:
        """Learns from normal images what is usual where.

        Args:
            units: The first hidden layer's of training images, `(images, units)`.
            codes: So many codes of the first of these images are known.
            near: The nearest of these codes to images that were held out.
            held_out: The units of those, `(held_out, units)`.
        """
        roots = signed_roots(units).astype(np.float16)
        # The nearest of all is the image itself.
        apart = nearest(_floats(roots), _floats(roots[:codes]), NEIGHBOURS + 1).distances[:, 1:]
        usual = _logarithms(apart.mean(1))
        local = cls(roots, usual, np.zeros(1), np.ones(1))
        relative = local(held_out, near)
        scale = relative.std(keepdims=True)
        return dataclasses.replace(
            local, mean=relative.mean(keepdims=True), scale=np.where(scale > 0, scale, 1)
        )

    def __call__(self, units: Floats, near: Near) -> Floats:
        """Scores images.

        Args:
            units: The first hidden layer's, `(images, units)`.
            near: The known codes nearest to theirs.

        Returns:
            `(images,)`, of mean 0 over those that were held out.

        Example: the same distance is odder beside images that lie close together.

        >>> units = np.array([[0.0], [1.0], [16.0], [81.0]])
        >>> codes, rows = np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([[0.4], [10.4]])
        >>> near = nearest(codes, rows, count=2)
        >>> local = Local.of(units, 4, near, np.array([[0.5], [40.0]]))
        >>> low, high = local(np.array([[36.0], [36.0]]), near)
        >>> bool(low > high)
        True
        """
        roots = _floats(signed_roots(units))
        distances = nearest(_floats(self.roots), roots).mean_distances()
        usual = self.usual[near.places[:, :COMPARED]].mean(1)
        relative: Floats = _logarithms(distances) - SHARE * usual
        return (relative - self.mean) / self.scale


def signed_roots(units: Floats) -> Floats:
    """Returns square roots, of negative units those of their size, with the sign.

    Example:

    >>> signed_roots(np.array([4.0, -9.0])).tolist()
    [2.0, -3.0]
    """
    roots: Floats = np.sign(units) * np.sqrt(np.abs(units))
    return roots


def _floats(numbers: Floats) -> NDArray[np.float32]:
    return numbers.astype(np.float32)


def _logarithms(distances: Floats) -> Floats:
    return np.log(np.maximum(distances, LEAST))
