"""Images in CSV files, one a row, as Kaggle has them."""

from __future__ import annotations

import io
import math
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from kerasae.errors import DataError
from kerasae.files.local_files import Refused, open_local, refusing
from kerasae.memory import check_memory

_MOST_BYTES = 1 << 30
_MOST_LINE = 1 << 24
# Bytes of an array for each in the file, of which a number takes two or more; rows are added to it.
_GROWTH = 3
_LABELS = ("label", "labels", "class", "target", "y")
_NO_PIXELS = ("", "id", "index", "unnamed: 0", "image_id")


class CsvImages(NamedTuple):
    """What a CSV file holds.

    Args:
        images: A row of pixels for each image, `(images, pixels)`.
        labels: Their labels, or `None`.
    """

    images: NDArray[Any]
    labels: NDArray[Any] | None


def read_csv(path: Path) -> CsvImages:
    """Reads a CSV file with the pixels of an image, and perhaps its label, in each row.

    The label is the column called so; without a header it is the first where the number of the
    others is that of a square, or the last where the first is the same in all rows.

    Args:
        path: The file, with or without a header.

    Returns:
        The `CsvImages`.

    Raises:
        DataError: If it holds anything but numbers, or rows of different lengths.
    """
    with refusing(path, DataError), open_local(path, _MOST_BYTES) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="")
        size = os.fstat(file.fileno()).st_size
        check_memory(f"{path}: {size:,} bytes of numbers", _GROWTH * size, "take fewer of its rows")
        first = text.readline(_MOST_LINE).strip()
        if not first:
            raise Refused("is empty; expected a row of pixels for each image")
        names = [one.strip().strip('"').lower() for one in first.split(",")]
        header = any(not _is_number(name) for name in names)
        text.seek(0)
        try:
            # NumPy warns where there is nothing.
            with warnings.catch_warnings(action="ignore"):
                numbers = np.loadtxt(
                    _lines(text), np.float32, delimiter=",", skiprows=int(header), ndmin=2
                )
        except ValueError as error:
            # What NumPy advises is for its callers.
            reason = str(error).partition("; use ")[0]
            raise Refused(f"is no table of numbers ({reason}); expected an image a row") from None
    if not len(numbers):
        raise DataError(f"{path}: has no rows; expected a row of pixels for each image")
    return _told_apart(path, numbers, names if header else [])


def _lines(text: TextIO) -> Iterator[str]:
    """Yields the lines, none of which fills the memory."""
    while line := text.readline(_MOST_LINE):
        if len(line) == _MOST_LINE:
            raise Refused(f"has a line of {_MOST_LINE:,} letters or more; expected an image a row")
        yield line


def _told_apart(path: Path, numbers: NDArray[np.float32], names: list[str]) -> CsvImages:
    columns = numbers.shape[1]
    label = next((place for place, name in enumerate(names) if name in _LABELS), None)
    others = {place for place, name in enumerate(names) if name in _NO_PIXELS}
    if label is None and not names and not _is_square(columns) and _is_square(columns - 1):
        last = np.ptp(numbers[:, 0]) == 0 and np.ptp(numbers[:, -1]) > 0
        label = columns - 1 if last else 0
    pixels = [place for place in range(columns) if place != label and place not in others]
    if not pixels:
        raise DataError(f"{path}: has no pixels; expected an image a row")
    # A slice is no copy.
    span = slice(pixels[0], pixels[-1] + 1)
    images = numbers[:, span] if span.stop - span.start == len(pixels) else numbers[:, pixels]
    return CsvImages(images, None if label is None else numbers[:, label])


def _is_square(count: int) -> bool:
    return count > 0 and math.isqrt(count) ** 2 == count


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
