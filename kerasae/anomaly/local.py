"""A score relative to similar images: what is odd for a 1 need not be odd for an 8."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from kerasae.anomaly.combined import LEAST
from kerasae.anomaly.neighbours import Near, nearest

Floats = NDArray[np.floating]
# Chosen inside the training splits with one novel class, see docs/anomaly.md.
COMPARED = 50
SHARE = 0.75


@dataclasses.dataclass(frozen=True)
class Local:
    """NAP and the codes' distance, compared with those of normal images with similar codes.

    Of the logarithm of each, three quarters of its mean over the images of the 50 nearest codes
    are subtracted; the score is the mean of both, standardized. Where several kinds of images are
    normal, some are reconstructed worse than others, and lie farther apart; the idea is that of
    the local outlier factor (Breunig et al., "LOF: Identifying Density-Based Local Outliers",
    SIGMOD 2000).

    Args:
        known: The logarithms of NAP and of the mean distance to the 5 nearest other codes, of the
            training images whose codes are known, `(codes, 2)`.
        mean: Of the differences, in normal images that were held out, `(2,)`.
        scale: Their standard deviation, `(2,)`.
    """

    known: Floats
    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, codes: Floats, naps: Floats, near: Near, held_out_naps: Floats) -> Local:
        """Learns from normal images what is usual where.

        Args:
            codes: Of training images, `(codes, numbers)`.
            naps: NAP of the same images, `(codes,)`.
            near: The nearest of these codes to images that were held out.
            held_out_naps: NAP of the images that were held out, `(images,)`.
        """
        known = _logarithms(naps, nearest(codes).mean_distances())
        relative = _relative(known, held_out_naps, near)
        scale = relative.std(0)
        return cls(known, relative.mean(0), np.where(scale > 0, scale, 1))

    def __call__(self, naps: Floats, near: Near) -> Floats:
        """Scores images.

        Args:
            naps: NAP of the images, `(images,)`.
            near: The known codes nearest to theirs.

        Returns:
            `(images,)`, of mean 0 over those that were held out.

        Example: the same error is odder beside images that are reconstructed well.

        >>> codes = np.array([[0.0], [1.0], [10.0], [11.0]])
        >>> naps, rows = np.array([1.0, 1.0, 9.0, 9.0]), np.array([[0.4], [10.4]])
        >>> near = nearest(codes, rows, count=2)
        >>> local = Local.of(codes, naps, near, np.array([1.0, 9.0]))
        >>> low, high = local(np.array([9.0, 9.0]), near)
        >>> bool(low > high)
        True
        """
        return ((_relative(self.known, naps, near) - self.mean) / self.scale).mean(1)


def _relative(known: Floats, naps: Floats, near: Near) -> Floats:
    usual = known[near.places[:, :COMPARED]].mean(1)
    return _logarithms(naps, near.mean_distances()) - SHARE * usual


def _logarithms(naps: Floats, distances: Floats) -> Floats:
    return np.log(np.maximum(np.stack([naps, distances], 1), LEAST))
