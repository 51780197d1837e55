"""The IDX format of MNIST and Fashion-MNIST (described at yann.lecun.com/exdb/mnist)."""

from __future__ import annotations

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kerasae.errors import DataError

_UINT8 = 8
_MOST_BYTES = 1 << 30


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Reads an IDX file of unsigned bytes, plain or gzip-compressed (`.gz`).

    Args:
        path: The file.

    Returns:
        The array, `uint8`, with the shape the header declares.

    Raises:
        DataError: If the file is not IDX, truncated, too long or damaged.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}); fetch the file again") from error
    if len(content) < 4 or content[:3] != bytes((0, 0, _UINT8)):
        raise DataError(f"{path}: not an IDX file of bytes (it starts with {content[:4]!r})")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise DataError(f"{path}: the IDX header is cut off; fetch the file again")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    if math.prod(shape) != len(content) - start:
        raise DataError(
            f"{path}: the header declares {math.prod(shape)} bytes, "
            f"the file holds {len(content) - start}; fetch the file again"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def idx_md5(array: NDArray[np.uint8]) -> str:
    """Returns the MD5 that the array has when written as an uncompressed IDX file.

    Example:

    >>> idx_md5(np.zeros((1, 1), np.uint8)) == hashlib.md5(
    ...     bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0])).hexdigest()
    True
    """
    header = bytes((0, 0, _UINT8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    return hashlib.md5(header + np.ascontiguousarray(array).tobytes()).hexdigest()
