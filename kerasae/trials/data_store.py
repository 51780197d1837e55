"""Data sets and their PCA on disk, in a form that many processes map into memory."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from kerasae.data.image_data import ImageData, validation_rows
from kerasae.errors import DiskFull
from kerasae.pca import PCA, fit_pca

_NOT_ARRAYS = ("name", "class_names", "skipped")
Arrays = TypeVar("Arrays", ImageData, PCA)


class DataStore:
    """A folder from which processes share data sets and the PCA of their training images.

    The one that owns the folder calls `add` and `add_pca`; the others read. Arrays are
    mapped: however many processes read them, they are in memory once.

    Args:
        folder: An existing folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: dict[str, ImageData] = {}

    def add(self, data: ImageData) -> None:
        """Writes a data set."""
        place = self._folder / _key(data.name)
        place.mkdir()
        for field in _array_fields(ImageData):
            _save(place / f"{field}.npy", getattr(data, field))

    def add_pca(self, data: ImageData, validation_split: float, components: int) -> PCA:
        """Fits PCA on the images that experiments with this split train on, and writes it."""
        rows, _ = validation_rows(len(data.train), validation_split)
        basis = fit_pca(data.train, components, rows)
        place = (self._folder / _key(data.name)) / f"pca-{validation_split}"
        place.mkdir()
        for field in _array_fields(PCA):
            _save(place / f"{field}.npy", getattr(basis, field))
        return basis

    def data(self, name: str) -> ImageData:
        """Opens a data set, once: each mapping counts as memory of its own."""
        if name not in self._opened:
            self._opened[name] = self._data_at(self._folder / _key(name), name)
        return self._opened[name]

    def pca(self, name: str, validation_split: float) -> PCA:
        """Opens a data set's PCA."""
        return PCA(*self._arrays(self._folder / _key(name) / f"pca-{validation_split}", PCA))

    def loaded(self) -> LoadedStore:
        """Reads everything, to be sent to other machines."""
        data, bases = {}, {}
        for place in self._folder.iterdir():
            data[place.name] = _copied(self._data_at(place, place.name))
            for basis in place.glob("pca-*"):
                split = float(basis.name.removeprefix("pca-"))
                bases[place.name, split] = _copied(PCA(*self._arrays(basis, PCA)))
        return LoadedStore(data, bases)

    def _data_at(self, place: Path, name: str) -> ImageData:
        train, train_labels, test, test_labels = self._arrays(place, ImageData)
        return ImageData(name, train, train_labels, test, test_labels)

    def _arrays(self, place: Path, kind: type) -> list[np.ndarray]:
        # "c" is private to the process; TensorFlow takes read-only memory by copying only.
        return [np.load(place / f"{field}.npy", mmap_mode="c") for field in _array_fields(kind)]


class LoadedStore:
    """The content of a `DataStore`, in memory; see `DataStore.loaded`."""

    def __init__(self, data: dict[str, ImageData], bases: dict[tuple[str, float], PCA]) -> None:
        self._data = data
        self._bases = bases

    def data(self, name: str) -> ImageData:
        """Returns a data set."""
        return dataclasses.replace(self._data[_key(name)], name=name)

    def pca(self, name: str, validation_split: float) -> PCA:
        """Returns a data set's PCA."""
        return self._bases[_key(name), validation_split]


def _save(path: Path, array: np.ndarray) -> None:
    try:
        np.save(path, array)
    # NumPy does not say why less was written than was to be.
    except OSError as error:
        raise DiskFull(
            f"{path}: there is no room for the images ({error}); set TMPDIR to a folder with room, "
            f"then resume"
        ) from error


def _key(name: str) -> str:
    # Paths of two sets may end alike.
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _copied(mapped: Arrays) -> Arrays:
    arrays: dict[str, Any] = {
        name: np.array(getattr(mapped, name)) for name in _array_fields(type(mapped))
    }
    return dataclasses.replace(mapped, **arrays)


def _array_fields(kind: type) -> list[str]:
    names = [field.name for field in dataclasses.fields(kind)]
    return [name for name in names if name not in _NOT_ARRAYS]
