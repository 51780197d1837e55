"""Arrays of images that may be larger than the memory."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_MOST_IN_MEMORY = 1 << 29


def new_images(shape: Sequence[int], most_in_memory: int = _MOST_IN_MEMORY) -> NDArray[np.uint8]:
    """Makes an array of images, in a mapped temporary file where it is large.

    The file has no name (or goes away with the process where files cannot be nameless);
    `TMPDIR` says on which disk. What is written there can leave the memory again.

    Args:
        shape: `(images, height, width)` or `(images, height, width, channels)`.
        most_in_memory: The largest size in bytes of an array without a file.

    Returns:
        The array, `uint8`, of zeros.

    Raises:
        OSError: If there is no room for the file.

    Example:

    >>> type(new_images((2, 3, 3), most_in_memory=17)).__name__
    'memmap'
    """
    shape = tuple(shape)
    if math.prod(shape) <= most_in_memory:
        return np.zeros(shape, np.uint8)
    with tempfile.TemporaryFile(prefix="kerasae-") as file:
        return np.memmap(file, np.uint8, "w+", shape=shape)
