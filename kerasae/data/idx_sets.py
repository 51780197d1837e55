"""The files of MNIST and its kin in a folder, as authors, torchvision and others name them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerasae.data.idx import read_idx
from kerasae.data.npz import npz_headers, read_npz
from kerasae.errors import DataError

Pair = tuple[NDArray[Any], NDArray[Any]]
_FILE = re.compile(
    r"(?:([\w-]+?)-)?(train|t10k|test)-(?:(?:images|labels)[-.]idx[13]-ubyte(?:\.gz)?|"
    r"(?:imgs|labels)\.npz)"
)
_IMAGES = re.compile(r"images[-.]idx3|imgs\.npz")
# Below a folder that torchvision was given as its root.
_PLACES = ("", "raw", "MNIST/raw", "FashionMNIST/raw", "KMNIST/raw", "QMNIST/raw", "EMNIST/raw")
Found = dict[tuple[str, bool], Path]  # by part, and whether they are the images


def find_set(folder: Path) -> tuple[str, Found] | None:
    """Finds the four files of a set: images and labels, to train and to test.

    Args:
        folder: The folder, or one that torchvision was given as its root.

    Returns:
        The set's name in its files, such as `emnist-letters`, and the files; `None` where there
        are none.

    Raises:
        DataError: If there are several sets, or one is not complete.
    """
    sets: dict[tuple[str, str], Found] = {}
    for place in _PLACES:
        # Where there is no such folder, there are no files.
        for path in sorted((folder / place).glob("*-*")):
            if match := _FILE.fullmatch(path.name):
                part = "train" if match[2] == "train" else "test"
                found = sets.setdefault((place, match[1] or ""), {})
                # A plain file comes before the same one compressed.
                found.setdefault((part, bool(_IMAGES.search(path.name))), path)
    if not sets:
        return None
    if len(sets) > 1:
        names = ", ".join(sorted(f"{place}/{name}".strip("/") for place, name in sets))
        raise DataError(f"{folder}: holds several sets: {names}; move one to a folder of its own")
    (((_, name), found),) = sets.items()
    if len(found) < 4:
        held = ", ".join(path.name for path in found.values())
        raise DataError(f"{folder}: holds {held}; expected images and labels, to train and to test")
    return name, found


def read_set(folder: Path) -> tuple[tuple[Pair, Pair], str]:
    """Reads the set that `find_set` finds.

    Returns:
        Images and labels, to train and to test, and a line on what was done to them, or
        nothing.
    """
    found = find_set(folder)
    if found is None:
        raise DataError(f"{folder}: holds no IDX files of images and labels")
    name, files = found
    (train, train_labels), (test, test_labels) = (
        (_read(files[part, True]), _read(files[part, False])) for part in ("train", "test")
    )
    if name.startswith("emnist"):
        # Its images lie on their side, as MATLAB stores them.
        train, test = (np.swapaxes(images, 1, 2) for images in (train, test))
        return ((train, train_labels), (test, test_labels)), f"{folder}: EMNIST's images are turned"
    return ((train, train_labels), (test, test_labels)), ""


def _read(path: Path) -> NDArray[Any]:
    if path.suffix != ".npz":
        return read_idx(path)
    names = list(npz_headers(path))
    if len(names) != 1:
        raise DataError(f"{path}: holds {len(names)} arrays; expected one")
    return read_npz(path, names)[0]
