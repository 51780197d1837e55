"""Reading `.npz` and `.npy` untrusted files: numbers only, and measured before they are read."""

import math
import os
import re
import sys
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from kerasae.errors import DataError
from kerasae.files.bounded_zip import member_names, open_zip
from kerasae.files.local_files import Refused, open_local, read_exactly, refusing, within
from kerasae.memory import check_memory

# Keras' own, of MNIST and its kin: images and labels, to train and to test.
MNIST_ARRAYS = ("x_train", "y_train", "x_test", "y_test")
_MOST_BYTES = 1 << 30
_MOST_HEADER = 1000
# How many bytes hold the header's length, by the version of the format.
_LENGTHS = {b"\x93NUMPY\1\0": 2, b"\x93NUMPY\2\0": 4}
# Python 2 wrote its long numbers with an L.
_HEADER = re.compile(
    r"\{'descr': '([^']{1,30})', 'fortran_order': (True|False), "
    r"'shape': \(((?:\d{1,15}L?, ?){0,8}(?:\d{1,15}L?)?)\), ?\} *\n",
    re.ASCII,
)
_NUMBERS = re.compile(r"[<>|](?:[iu][1248]|f[248]|b1)")


def map_npy(path: Path) -> NDArray[Any]:
    """Maps a `.npy` file of numbers, of any size, into memory.

    Args:
        path: The file; it must not change while it is in use.

    Returns:
        The array, read-only, read from the disk as it is used.

    Raises:
        DataError: If it holds anything but numbers, is empty or damaged.
    """
    with refusing(path, DataError), open_local(path, sys.maxsize) as file:
        dtype, shape, order = _read_header(file)
        size, start = math.prod(shape) * dtype.itemsize, file.tell()
        held = os.fstat(file.fileno()).st_size - start
        if not 0 < size == held:
            raise Refused(f"declares {dtype} of shape {shape}, {size:,} bytes, and holds {held:,}")
        return np.memmap(file, dtype, "r", start, shape, order)


def npz_headers(path: Path) -> dict[str, tuple[np.dtype[Any], tuple[int, ...]] | None]:
    """Reads what the arrays in an `.npz` file are said to be, and none of their numbers.

    Returns:
        Type and shape by name; `None` for what is no array of numbers.

    Raises:
        DataError: If it is no such file.
    """
    with refusing(path, DataError), open_local(path, _MOST_BYTES) as file:
        members = member_names(file)
        with open_zip(file, dict.fromkeys(members, _MOST_BYTES)) as archive:
            return {name.removesuffix(".npy"): _header_of(archive, name) for name in members}


def _header_of(archive: zipfile.ZipFile, name: str) -> tuple[np.dtype[Any], tuple[int, ...]] | None:
    with archive.open(name) as member:
        try:
            return _read_header(member)[:2]
        except Refused:
            return None


def read_npz(
    path: Path, names: Sequence[str], most_bytes: int = _MOST_BYTES, *, others: Collection[str] = ()
) -> tuple[NDArray[Any], ...]:
    """Reads the arrays of an `.npz` file that holds exactly what is named.

    Args:
        path: The file.
        names: The names of the arrays to read.
        most_bytes: The largest size of the file, and of the arrays together.
        others: Names of what else is there.

    Returns:
        The arrays in the order of their names, read-only.

    Raises:
        DataError: If it holds other arrays, anything but numbers, is damaged or too large.
    """
    with (
        refusing(path, DataError),
        open_local(path, most_bytes) as file,
        open_zip(file, {f"{name}.npy": most_bytes for name in (*names, *others)}) as archive,
    ):
        total = sum(archive.getinfo(f"{name}.npy").file_size for name in names)
        if total > most_bytes:
            raise Refused(f"declares {total:,} bytes; expected at most {most_bytes:,}")
        check_memory(f"{path}: {total:,} bytes of arrays", total, "take fewer of its images")
        return tuple(_read_member(archive, f"{name}.npy") for name in names)


def _read_member(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with within(f"member {name!r}"), archive.open(name) as member:
        dtype, shape, order = _read_header(member)
        size, most = math.prod(shape) * dtype.itemsize, archive.getinfo(name).file_size
        if not 0 < size <= most:
            raise Refused(
                f"declares {dtype} of shape {shape}, {size:,} bytes; expected 1 to {most:,}"
            )
        return np.frombuffer(read_exactly(member, size), dtype).reshape(shape, order=order)


def _read_header(file: IO[bytes]) -> tuple[np.dtype[Any], tuple[int, ...], Literal["C", "F"]]:
    """Reads the header as NumPy writes it; NumPy itself would parse it as Python."""
    start = file.read(8)
    if start not in _LENGTHS:
        raise Refused(f"is no npy file (it starts with {start!r})")
    length = int.from_bytes(file.read(_LENGTHS[start]), "little")
    if length > _MOST_HEADER:
        raise Refused(f"its header has {length:,} bytes; expected at most {_MOST_HEADER:,}")
    header = file.read(length)
    match = _HEADER.fullmatch(header.decode("latin-1"))
    if match is None:
        raise Refused(f"its header is not that of an array of numbers: {header[:200]!r}")
    descr, fortran_order, shape = match.groups()
    if not _NUMBERS.fullmatch(descr):
        raise Refused(f"holds {descr!r}; expected numbers")
    sizes = tuple(map(int, re.findall(r"\d+", shape)))
    return np.dtype(descr), sizes, "F" if fortran_order == "True" else "C"
