"""What is white in arrays of numbers: one answer for a whole data set, never picture by picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerasae.data.pixels import as_bytes, slices_of
from kerasae.errors import DataError

_ROWS = 1024  # looked at at once, so that it takes little memory
_BITS = (8, 10, 12, 14, 16)
# Whole numbers of other types than uint8 up to here are levels of their own, as 0 to 16 are.
_FEW_LEVELS = 31
# Floats up to here are too dark for 8 bits: fewer than 64 levels would be left.
_DARK = 0.25
# Floats that were computed may exceed 1 by so much, and are clipped.
_ROUNDING = 1e-5


@dataclasses.dataclass(frozen=True)
class PixelScale:
    """What numbers are as pixels.

    Args:
        white: The number that is white; 0 is black.
        note: A line on it where it is not what one expects of the type; empty where it is.
    """

    white: float
    note: str = ""

    @property
    def recorded(self) -> float | None:
        """What a run records: `white`, or `None` where it is what one expects of the type."""
        return self.white if self.note else None

    def notes(self, name: str) -> tuple[str, ...]:
        """Returns the line on it, if there is one.

        Args:
            name: What to call the images, such as their file.
        """
        return (f"{name}: {self.note}",) if self.note else ()

    def to_bytes(self, block: NDArray[Any]) -> NDArray[np.uint8]:
        """Returns pixels as files hold them, see `as_bytes`; those above white are white.

        Example:

        >>> PixelScale(4095).to_bytes(np.array([0, 819, 4095], np.uint16)).tolist()
        [0, 51, 255]
        """
        if (block.dtype.kind == "f" and self.white == 1) or (
            block.dtype == np.uint8 and self.white == 255
        ):
            return as_bytes(block)
        return as_bytes(block / np.float64(self.white))


def white_of_bits(largest: float) -> float:
    """Returns the largest number of as many bits as hold a number, of 8, 10, 12, 14 or 16 bits.

    Example:

    >>> white_of_bits(200), white_of_bits(3000), white_of_bits(65535)
    (255.0, 4095.0, 65535.0)
    """
    bits = next((bits for bits in _BITS if largest < 1 << bits), 16)
    return float((1 << bits) - 1)


def scale_of(arrays: Sequence[NDArray[Any]], name: str, white: float | None = None) -> PixelScale:
    """Finds what is white in arrays of images.

    Bytes are from 0 to 255, and floats in [0, 1]. Other whole numbers are from 0 to 255 too, or
    where they are larger as deep as the bits that hold them; where the largest is 1, 1 is
    white. Floats of which none is above a quarter, and whole numbers of fewer than 32 levels, are
    scaled by the largest.

    Args:
        arrays: The arrays: of the training images, and of others that are scaled as they are.
        name: What to call them in a message, such as their file.
        white: What a run found it to be in its images; `None` finds it here.

    Returns:
        The `PixelScale`.

    Raises:
        DataError: If a number is negative, not finite, or too large.
    """
    kinds = {array.dtype.kind for array in arrays}
    if not kinds <= set("biuf"):
        types = ", ".join(sorted({array.dtype.name for array in arrays}))
        raise DataError(f"{name}: received {types}; expected whole numbers, or floats in [0, 1]")
    ends = [_ends(array, name) for array in arrays]
    most = max(top for top, _ in ends)
    are_bytes = all(array.dtype == np.uint8 for array in arrays)
    if white is not None and (not are_bytes or white == 1 >= most):
        return PixelScale(white)
    if kinds == {"f"} and most <= 1 + _ROUNDING:
        trained = ends[0][0]
        if 0 < trained <= _DARK:
            note = f"the largest pixel is {trained:.3g}: taken as white, in place of 1"
            return PixelScale(trained, note)
        return PixelScale(1.0)
    if not all(is_whole for _, is_whole in ends):
        if kinds != {"f"}:
            raise DataError(
                f"{name}: received floats beside whole numbers; expected all images as floats in "
                f"[0, 1], or all as whole numbers from 0 to 255"
            )
        raise DataError(
            f"{name}: received numbers up to {most:.4g} that are not whole; expected floats in "
            f"[0, 1], or whole numbers from 0 to 255"
        )
    return _of_whole_numbers(most, are_bytes, name)


def _of_whole_numbers(most: float, are_bytes: bool, name: str) -> PixelScale:
    if most == 1:
        return PixelScale(1.0, "no number is above 1: 0 is taken as black, 1 as white")
    if not are_bytes and 0 < most <= _FEW_LEVELS:
        return PixelScale(most, f"the largest number is {most:g}: taken as white")
    if most > 65535:
        raise DataError(f"{name}: received numbers up to {most:,.0f}; expected at most 65,535")
    white = white_of_bits(most)
    note = "" if white == 255 else f"numbers up to {most:,.0f}: {white:,.0f} is taken as white"
    return PixelScale(white, note)


def _ends(array: NDArray[Any], name: str) -> tuple[float, bool]:
    """Returns the largest number and whether all are whole; checks that none is below 0."""
    largest, whole = 0.0, True
    for part in slices_of(len(array), array.shape[1:], _ROWS):
        block, start = array[part], part.start
        # NaN compares false, so that it is an offender too.
        offenders = ~((block >= 0) & (block < np.inf))
        if offenders.any():
            first = np.unravel_index(int(offenders.argmax()), block.shape)
            index = ", ".join(map(str, (start + int(first[0]), *map(int, first[1:]))))
            hint = "; (images + 1) / 2 makes them of -1 to 1" if block[first] < 0 else ""
            raise DataError(
                f"{name}[{index}] is {block[first]}; expected numbers from 0, black, to white: "
                f"floats in [0, 1], or whole numbers{hint}"
            )
        largest = max(largest, float(block.max()))
        if whole and block.dtype.kind == "f":
            whole = bool((block == np.rint(block)).all())
    return largest, whole
