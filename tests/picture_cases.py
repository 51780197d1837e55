"""Folders of pictures for the tests, made of a small pattern."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def pattern(number: int, height: int = 8, width: int = 6, channels: int = 0) -> np.ndarray:
    """Returns pixels that no two numbers share."""
    shape = (height, width, channels) if channels else (height, width)
    return np.random.RandomState(number).randint(0, 256, shape).astype(np.uint8)


def write_pictures(folder: Path, count: int, **size: int) -> list[Path]:
    """Writes PNG files whose names sort as they are numbered."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:03}.png" for number in range(count)]
    for number, path in enumerate(paths):
        Image.fromarray(pattern(number, **size)).save(path)
    return paths
