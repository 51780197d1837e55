"""Arrays of images that may be larger than the memory."""

import errno
import math
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib.format import open_memmap, write_array_header_1_0
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
        _reserve(file, math.prod(shape))
        return np.memmap(file, np.uint8, "w+", shape=shape)


def new_npy(path: Path, shape: Sequence[int]) -> NDArray[np.uint8]:
    """Makes an `.npy` file of images, and maps it to be written.

    Args:
        path: The file to make.
        shape: The shape of the array.

    Returns:
        The array, `uint8`, of zeros.

    Raises:
        OSError: If there is no room for the file.
    """
    header = {"descr": "|u1", "fortran_order": False, "shape": tuple(shape)}
    with path.open("xb") as file:
        write_array_header_1_0(file, header)
        _reserve(file, file.tell() + math.prod(shape))
    return open_memmap(path, "r+")


def _reserve(file: BinaryIO, size: int) -> None:
    """Takes a file's room on the disk.

    Writing to a mapped file without it would kill the process once the disk is full.
    """
    file.truncate(size)
    # macOS and Windows cannot.
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            # Nor can some file systems.
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise
