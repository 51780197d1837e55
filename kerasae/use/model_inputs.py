"""Pictures for a trained model: found among files and folders, and converted to its shape."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from kerasae.data.picture_files import (
    Picture,
    find_pictures,
    is_picture,
    measure_picture,
    pixels_of,
    read_picture,
)
from kerasae.errors import DataError, InvalidSetting

_BATCH = 64


@dataclasses.dataclass(frozen=True)
class Input:
    """A picture that a user names, or that lies in a folder that they name.

    Args:
        path: The file.
        name: Its path inside the folder, or the file's name.
    """

    path: Path
    name: PurePath


@dataclasses.dataclass(frozen=True)
class Batch:
    """Some pictures.

    Args:
        inputs: Where they come from.
        pictures: As they are.
        images: As the model takes them, in [0, 1], `float32`, `(pictures, *image_shape)`.
    """

    inputs: Sequence[Input]
    pictures: Sequence[Picture]
    images: NDArray[np.float32]


def find_inputs(paths: Sequence[Path]) -> list[Input]:
    """Lists the pictures that files and folders name, and checks what their files say.

    Args:
        paths: Files and folders.

    Returns:
        The pictures, in the order of `paths`.

    Raises:
        DataError: If one is missing or cannot be read, or two would have the same name.

    Example:

    >>> find_inputs([Path("missing.png")])
    Traceback (most recent call last):
        ...
    kerasae.errors.DataError: missing.png: there is no such file or folder; expected pictures
    """
    found: list[Input] = []
    for path in paths:
        if path.is_dir():
            found += [Input(file, file.relative_to(path)) for file in find_pictures(path)]
        elif not path.exists():
            raise DataError(f"{path}: there is no such file or folder; expected pictures")
        elif not is_picture(path):
            raise DataError(f"{path}: is no PNG, JPEG, WebP, TIFF or BMP file; expected pictures")
        else:
            found.append(Input(path, PurePath(path.name)))
    names = collections.Counter(one.name for one in found)
    name, count = names.most_common(1)[0] if names else (PurePath(), 0)
    if count > 1:
        first, second = [one.path for one in found if one.name == name][:2]
        raise DataError(
            f"{first} and {second}: both are called {name}; expected different names, name the "
            f"folder above them instead"
        )
    for one in found:
        measure_picture(one.path)
    return found


def batches(inputs: Sequence[Input], image_shape: Sequence[int]) -> Iterator[Batch]:
    """Reads pictures, converts them to a model's size and colours, and yields them in order.

    Args:
        inputs: The pictures.
        image_shape: `(height, width)` or `(height, width, channels)`, of 1 or 3 channels.

    Raises:
        DataError: If a picture cannot be read.
        InvalidSetting: If the model takes images of other channels.
    """
    height, width, *channels = image_shape
    if channels not in ([], [1], [3]):
        raise InvalidSetting("model", f"images of {channels[0]} channels", "one of 1 or 3 channels")
    for start in range(0, len(inputs), _BATCH):
        part = inputs[start : start + _BATCH]
        pictures = [read_picture(one.path) for one in part]
        pixels = [
            pixels_of(picture.image, (height, width), gray=channels != [3]) for picture in pictures
        ]
        images = np.stack(pixels).astype(np.float32) / np.float32(255)
        yield Batch(part, pictures, images.reshape(-1, *image_shape))
