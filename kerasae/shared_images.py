"""Image data on disk in a form that many processes map into memory without copying."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from kerasae.datasets import ImageData


def store(data: ImageData, folder: Path) -> None:
    """Writes the arrays of a data set as `.npy` files into a folder."""
    (folder / "name").write_text(data.name, encoding="utf-8")
    for field in _array_fields():
        np.save(folder / f"{field}.npy", getattr(data, field))


def open_stored(folder: Path) -> ImageData:
    """Opens what `store` wrote, mapped read-only: all processes share the same memory."""
    name = (folder / "name").read_text(encoding="utf-8")
    return ImageData(name, *(np.load(folder / f"{f}.npy", mmap_mode="r") for f in _array_fields()))


def _array_fields() -> list[str]:
    return [field.name for field in dataclasses.fields(ImageData) if field.name != "name"]
