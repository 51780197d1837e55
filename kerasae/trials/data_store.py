"""Data sets and their PCA on disk, in a form that many processes map into memory."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from kerasae.data.image_data import ImageData
from kerasae.errors import DiskFull
from kerasae.pca import PCA, fit_pca

# By the names of their fields.
Arrays = dict[str, Any]


class DataStore:
    """A folder from which processes share data sets and the PCA of their training images.

    The one that owns the folder calls `add` and `add_pca`; the others read. Arrays are
    mapped: however many processes read them, they are in memory once.

    Args:
        folder: An existing folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # By the place in the folder; each mapping counts as memory of its own.
        self._opened: dict[str, Arrays] = {}

    def add(self, data: ImageData) -> None:
        """Writes a data set."""
        self._save(_key(data.name), data)

    def add_pca(self, data: ImageData, validation_split: float, components: int) -> PCA:
        """Fits PCA on the images that experiments with this split train on, and writes it."""
        part = data.parts(validation_split).train
        basis = fit_pca(part.images, components, part.rows)
        self._save(_key(data.name, validation_split), basis)
        return basis

    def data(self, name: str) -> ImageData:
        """Opens a data set."""
        return ImageData(name, **self._arrays(_key(name)))

    def pca(self, name: str, validation_split: float) -> PCA:
        """Opens a data set's PCA."""
        return PCA(**self._arrays(_key(name, validation_split)))

    def loaded(self) -> DataStore:
        """Returns a store that has everything in memory, to be sent to other machines."""
        store = DataStore(self._folder)
        for place in self._folder.iterdir():
            arrays = self._arrays(place.name)
            store._opened[place.name] = {name: np.array(arrays[name]) for name in arrays}
        return store

    def _arrays(self, key: str) -> Arrays:
        if key not in self._opened:
            # "c" is private to the process; TensorFlow takes read-only memory by copying only.
            files = (self._folder / key).iterdir()
            self._opened[key] = {path.stem: np.load(path, mmap_mode="c") for path in files}
        return self._opened[key]

    def _save(self, key: str, content: ImageData | PCA) -> None:
        place = self._folder / key
        place.mkdir()
        try:
            for name, array in vars(content).items():
                if isinstance(array, np.ndarray):
                    np.save(place / f"{name}.npy", array)
        # NumPy does not say why less was written than was to be.
        except OSError as error:
            raise DiskFull(
                f"{place}: there is no room for the images ({error}); set TMPDIR to a folder with "
                f"room, then resume"
            ) from error


def _key(name: str, validation_split: float | None = None) -> str:
    # Paths of two sets may end alike.
    key = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return key if validation_split is None else f"{key}-pca-{validation_split}"
