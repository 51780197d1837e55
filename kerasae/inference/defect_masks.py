"""Masks that say where in a picture its defect is, and how well maps of errors tell it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kerasae.data.picture_files import SUFFIXES, Size, pillow_quiet, pixels_of, read_picture

_MASKS, _TEST = "ground_truth", "test"
# Errors are in [0, 1]; so many steps tell more apart than files of 16 bits do.
_STEPS = 1 << 16


def mask_path(picture: Path) -> Path | None:
    """Finds the mask of a picture, laid out as in MVTec AD.

    Args:
        picture: Its path, such as `bottle/test/broken/001.png`.

    Returns:
        `bottle/ground_truth/broken/001_mask.png`, the same without `_mask`, or with the ending of
        another kind of picture; `None` where there is none.
    """
    parts = picture.absolute().parts
    places = [place for place, name in enumerate(parts[:-1]) if name.lower() == _TEST]
    if not places:
        return None
    folder = Path(*parts[: places[-1]], _MASKS, *parts[places[-1] + 1 : -1])
    names = [f"{picture.stem}{end}{suffix}" for end in ("_mask", "") for suffix in SUFFIXES]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def read_mask(path: Path, size: Size) -> NDArray[np.bool_]:
    """Reads a mask.

    Args:
        path: A picture that is brighter where the defect is.
        size: Height and width that it is scaled to, as its picture is.

    Returns:
        `(height, width)`.

    Raises:
        DataError: If it cannot be read.
    """
    with pillow_quiet():
        pixels = pixels_of(read_picture(path).image, size, gray=True)
    return pixels > pixels.max() / 2


class PixelSeparation:
    """How well the errors of single pixels tell defects, over many pictures.

    Pictures are counted as they come, for the pixels of all are more than memory holds.

    Example:

    >>> pixels = PixelSeparation()
    >>> pixels.add(np.array([[0.1, 0.4], [0.2, 0.3]]), np.array([[False, True], [True, False]]))
    >>> pixels.auroc
    0.75
    """

    def __init__(self) -> None:
        self._counts = np.zeros((2, _STEPS), np.int64)

    def add(self, errors: NDArray[np.floating], mask: NDArray[np.bool_]) -> None:
        """Counts the pixels of a picture.

        Args:
            errors: Of each pixel, in [0, 1].
            mask: Where the defect is, of the same shape.
        """
        steps = np.minimum(np.clip(errors, 0, 1) * _STEPS, _STEPS - 1).astype(np.int64)
        for defect in (False, True):
            found = steps[mask == defect]
            self._counts[int(defect)] += np.bincount(found, minlength=_STEPS)

    @property
    def auroc(self) -> float | None:
        """Probability that a pixel of a defect errs more; `None` where there are not both."""
        normal, defect = self._counts
        pairs = int(normal.sum()) * int(defect.sum())
        if not pairs:
            return None
        below = np.cumsum(normal) - normal / 2
        return float((below * defect).sum() / pairs)
