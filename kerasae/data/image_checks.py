"""Checks that untrusted arrays are the images, and the labels, that they are said to be."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerasae.data.pixels import slices_of
from kerasae.errors import DataError

_ROWS = 1024  # checked at once, so that the checks take little memory


def check_images(images: NDArray[Any], name: str = "images") -> None:
    """Checks that an array holds images.

    Args:
        images: Either `uint8`, or floats of which each is finite and in [0, 1];
            `(images, height, width)` or `(images, height, width, channels)`.
        name: What to call the array in a message, such as its file.

    Raises:
        DataError: If it is empty, of another type or shape, or holds a value that is not
            finite or out of range; the message has the index of the first such value.

    Example:

    >>> check_images(np.array([[[0.0, 0.5], [1.5, np.nan]]]))
    Traceback (most recent call last):
        ...
    kerasae.errors.DataError: images[0, 1, 0] is 1.5; expected numbers in [0, 1]
    """
    check_shape(images, name)
    if images.dtype == np.uint8:
        return
    if images.dtype.kind != "f":
        raise DataError(f"{name}: received {images.dtype}; expected uint8, or floats in [0, 1]")
    for part in slices_of(len(images), images.shape[1:], _ROWS):
        block, start = images[part], part.start
        # NaN compares false, so that it is an offender too.
        offenders = ~((block >= 0) & (block <= 1))
        if offenders.any():
            first = np.unravel_index(int(offenders.argmax()), block.shape)
            index = ", ".join(map(str, (start + int(first[0]), *map(int, first[1:]))))
            raise DataError(f"{name}[{index}] is {block[first]}; expected numbers in [0, 1]")


def check_shape(images: NDArray[Any], name: str) -> None:
    """Checks that an array has the shape of images.

    Raises:
        DataError: If it has not, or is empty.
    """
    if images.ndim not in (3, 4) or 0 in images.shape:
        raise DataError(
            f"{name}: received the shape {images.shape}; expected (images, height, width) or "
            f"(images, height, width, channels), none of them 0"
        )


def check_counts(images: NDArray[Any], labels: NDArray[Any], name: str) -> None:
    """Checks that there are as many labels as images.

    Raises:
        DataError: If there are not.
    """
    if len(labels) != len(images):
        raise DataError(
            f"{name}: received {len(images):,} images and {len(labels):,} labels; expected one each"
        )


def check_labelled(images: NDArray[Any], labels: NDArray[Any], name: str = "images") -> None:
    """Checks that images have one label each.

    Args:
        images: The images; see `check_images`.
        labels: Their classes, whole numbers, `(images,)`.
        name: What to call the images in a message, such as their file.

    Raises:
        DataError: If either is not what it should be, or their lengths differ.
    """
    if images.ndim == 1 and labels.ndim in (3, 4):
        raise DataError(f"{name}: the labels and the images are swapped")
    check_images(images, name)
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise DataError(
            f"{name}: received labels {labels.dtype} of shape {labels.shape}; expected whole "
            f"numbers of shape (images,)"
        )
    check_counts(images, labels, name)
