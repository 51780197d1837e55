"""The IDX format of MNIST and Fashion-MNIST (described at yann.lecun.com/exdb/mnist)."""

import gzip
import hashlib
import math
import os
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from kerasae.errors import DataError
from kerasae.files.local_files import Refused, open_local, read_exactly, refusing

# MNIST's, and those of its kin: images and labels, to train and to test.
MNIST_FILES = (
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
)  # fmt: skip
_UINT8 = 8
_MOST_BYTES = 1 << 28  # MNIST's images are a fifth of it
_MOST_DIMENSIONS = 4
_HASHED_AT_ONCE = 1024


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Reads an IDX file of unsigned bytes, plain or gzip-compressed (`.gz`).

    The header is read first; no more than what it declares is then read or inflated.

    Args:
        path: The file.

    Returns:
        The array, `uint8`, with the shape the header declares.

    Raises:
        DataError: If the file is not IDX, empty, truncated, too long or damaged.
    """
    with refusing(path, DataError), open_local(path, _MOST_BYTES) as file:
        return _read(gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file)


def idx_file(folder: Path, name: str) -> Path:
    """Returns where an IDX file is, or would be: plain, or else with the ending `.gz`."""
    plain = folder / name
    return plain if os.path.lexists(plain) else folder / f"{name}.gz"


def _read(file: BinaryIO | gzip.GzipFile) -> NDArray[np.uint8]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:3] != bytes((0, 0, _UINT8)):
        raise Refused(f"not an IDX file of bytes (it starts with {magic!r})")
    dimensions = magic[3]
    if not 1 <= dimensions <= _MOST_DIMENSIONS:
        raise Refused(f"declares {dimensions} dimensions; expected 1 to {_MOST_DIMENSIONS}")
    header = file.read(4 * dimensions)
    if len(header) < 4 * dimensions:
        raise Refused("the IDX header is cut off; fetch the file again")
    shape = struct.unpack(f">{dimensions}I", header)
    size = math.prod(shape)
    if not 0 < size <= _MOST_BYTES:
        raise Refused(f"the header declares {size:,} bytes; expected 1 to {_MOST_BYTES:,}")
    return np.frombuffer(read_exactly(file, size), np.uint8).reshape(shape)


def idx_md5(array: NDArray[np.integer]) -> str:
    """Returns the MD5 that the array has when written as an uncompressed IDX file.

    Example:

    >>> idx_md5(np.zeros((1, 1), np.uint8)) == hashlib.md5(
    ...     bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0])).hexdigest()
    True
    """
    header = bytes((0, 0, _UINT8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    digest = hashlib.md5(header)
    # Mapped images may not fit in memory.
    for start in range(0, len(array), _HASHED_AT_ONCE):
        digest.update(np.ascontiguousarray(array[start : start + _HASHED_AT_ONCE]).tobytes())
    return digest.hexdigest()
