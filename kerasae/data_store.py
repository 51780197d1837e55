"""Data sets and their PCA on disk, in a form that many processes map into memory."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from kerasae.datasets import ImageData, validation_rows
from kerasae.pca import PCA, fit_pca

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

    def add(self, data: ImageData) -> None:
        """Writes a data set."""
        place = self._folder / data.name
        place.mkdir()
        for field in _array_fields(ImageData):
            np.save(place / f"{field}.npy", getattr(data, field))

    def add_pca(self, data: ImageData, validation_split: float, components: int) -> PCA:
        """Fits PCA on the images that experiments with this split train on, and writes it."""
        rows, _ = validation_rows(len(data.train), validation_split)
        basis = fit_pca(data.train[rows], components)
        place = self._folder / data.name / f"pca-{validation_split}"
        place.mkdir()
        for field in _array_fields(PCA):
            np.save(place / f"{field}.npy", getattr(basis, field))
        return basis

    def data(self, name: str) -> ImageData:
        """Opens a data set."""
        return ImageData(name, *self._arrays(self._folder / name, ImageData))

    def pca(self, name: str, validation_split: float) -> PCA:
        """Opens a data set's PCA."""
        return PCA(*self._arrays(self._folder / name / f"pca-{validation_split}", PCA))

    def loaded(self) -> LoadedStore:
        """Reads everything, to be sent to other machines."""
        data, bases = {}, {}
        for place in self._folder.iterdir():
            data[place.name] = _copied(self.data(place.name))
            for basis in place.glob("pca-*"):
                split = float(basis.name.removeprefix("pca-"))
                bases[place.name, split] = _copied(self.pca(place.name, split))
        return LoadedStore(data, bases)

    def _arrays(self, place: Path, kind: type) -> list[np.ndarray]:
        # "c" is private to the process; TensorFlow takes read-only memory by copying only.
        return [np.load(place / f"{field}.npy", mmap_mode="c") for field in _array_fields(kind)]


class LoadedStore:
    """The content of a `DataStore`, in memory.

    Args:
        data: Data sets by name.
        bases: PCA by data set and validation split.
    """

    def __init__(self, data: dict[str, ImageData], bases: dict[tuple[str, float], PCA]) -> None:
        self._data = data
        self._bases = bases

    def data(self, name: str) -> ImageData:
        """Returns a data set."""
        return self._data[name]

    def pca(self, name: str, validation_split: float) -> PCA:
        """Returns a data set's PCA."""
        return self._bases[name, validation_split]


def _copied(mapped: Arrays) -> Arrays:
    arrays: dict[str, Any] = {
        name: np.array(getattr(mapped, name)) for name in _array_fields(type(mapped))
    }
    return dataclasses.replace(mapped, **arrays)


def _array_fields(kind: type) -> list[str]:
    return [field.name for field in dataclasses.fields(kind) if field.name != "name"]
