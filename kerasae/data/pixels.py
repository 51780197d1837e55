"""Pixels as the networks take them, and as files hold them."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kerasae.errors import InvalidSetting

_NUMBERS_AT_ONCE = 1 << 21


def slices_of(rows: int, shape: Sequence[int], most: int) -> Iterator[slice]:
    """Yields slices of images, of at most so many at once and of large ones fewer.

    Args:
        rows: Number of images.
        shape: The shape of one.
        most: How many at once.

    Example:

    >>> [*slices_of(5, (2, 2), most=3)]
    [slice(0, 3, None), slice(3, 6, None)]
    """
    size = max(1, min(most, _NUMBERS_AT_ONCE // max(1, math.prod(shape))))
    return (slice(start, start + size) for start in range(0, rows, size))


def as_floats(images: NDArray[np.uint8 | np.floating]) -> NDArray[np.float32]:
    """Returns pixels as floats, where clean ones lie in [0, 1].

    Args:
        images: `uint8`, which is divided by 255, or floats, which stay as they are; any shape.

    Returns:
        `float32`, of the same shape.

    Raises:
        InvalidSetting: If the pixels are of another type, whose range is not known.

    Example:

    >>> as_floats(np.array([0, 51, 255], np.uint8)).tolist()
    [0.0, 0.20000000298023224, 1.0]
    """
    if images.dtype == np.uint8:
        pixels = images.astype(np.float32)
        pixels /= np.float32(255)
        return pixels
    if images.dtype.kind != "f":
        raise InvalidSetting(
            "images", images.dtype.name, "uint8, or floats where clean images lie in [0, 1]"
        )
    return images.astype(np.float32)


def as_bytes(images: NDArray[np.uint8 | np.floating]) -> NDArray[np.uint8]:
    """Returns images as files hold them, each pixel of floats clipped to [0, 1] and rounded.

    Args:
        images: `uint8`, which stay as they are, or floats, `(images, height, width)` or
            `(images, height, width, channels)`.

    Returns:
        `uint8`, of the same shape, without an axis for the one channel of grey.

    Example:

    >>> as_bytes(np.array([[[-1.0], [0.2], [0.999], [2.0]]])[None]).tolist()
    [[[0, 51, 255, 255]]]
    """
    if images.dtype == np.uint8:
        pixels = np.asarray(images)
    else:
        pixels = np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)
    return pixels[..., 0] if pixels.shape[3:] == (1,) else pixels
