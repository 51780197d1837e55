"""Images of your own as a data set: a folder of pictures, or a file of arrays."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kerasae.data.array_files import ImageArray, read_image_arrays
from kerasae.data.idx import MNIST_FILES, idx_file
from kerasae.data.image_data import ImageData, validation_rows
from kerasae.data.image_folder import PictureFolder
from kerasae.data.image_store import new_images
from kerasae.data.picture_files import pixels_of
from kerasae.data.pixels import as_bytes
from kerasae.errors import DataError
from kerasae.experiment import check_setting
from kerasae.files.local_files import refusing

_TEST_SHARE = 0.1
_ROWS = 256  # converted at once


def load_own_images(
    name: str,
    image_size: tuple[int, int] | None = None,
    grayscale: bool = False,
    skip_bad: bool = False,
) -> ImageData:
    """Loads images of your own; see `datasets.load_dataset`.

    Args:
        name: Path of a folder, or of an `.npy`, `.npz` or IDX file.
        image_size: Height and width to convert to, or `None`.
        grayscale: Whether to convert to grayscale.
        skip_bad: Whether to leave out pictures that cannot be read.

    Returns:
        The images, split.

    Raises:
        DataError: If there are none, they cannot be read, or are too few to split.
        InvalidSetting: If the size is out of range.
    """
    size = None if image_size is None else check_setting("image_size", image_size)
    path = Path(name)
    with refusing(name, DataError, "choose another disk with TMPDIR, or mend the data"):
        if path.is_dir() and not os.path.lexists(idx_file(path, MNIST_FILES[0])):
            return _from_folder(name, path, size, grayscale, skip_bad)
        return _from_arrays(name, read_image_arrays(path), size, grayscale)


def _from_folder(
    name: str, path: Path, size: tuple[int, int] | None, grayscale: bool, skip_bad: bool
) -> ImageData:
    pictures = PictureFolder(path, size, grayscale, skip_bad)
    train_rows, test_rows = _split(name, len(pictures.files))
    train, test = pictures.read(train_rows), pictures.read(test_rows)
    if not len(train.rows) or not len(test.rows):
        raise DataError(
            f"{name}: only {len(train.rows)} training and {len(test.rows)} test images can be "
            f"read; expected one or more of each"
        )
    return ImageData(
        name,
        train.images,
        pictures.classes[train.rows],
        test.images,
        pictures.classes[test.rows],
        pictures.class_names,
        tuple(pictures.skipped),
    )


def _from_arrays(
    name: str, arrays: list[ImageArray], size: tuple[int, int] | None, grayscale: bool
) -> ImageData:
    labels = [array.labels for array in arrays if array.labels is not None]
    classes = np.unique(np.concatenate(labels)) if labels else np.zeros(0)
    if len(arrays) == 1:
        parts = [(arrays[0], rows) for rows in _split(name, len(arrays[0].images))]
    else:
        parts = [(array, np.arange(len(array.images), dtype=np.int32)) for array in arrays]
    pixels = [_converted(array.images, rows, size, grayscale) for array, rows in parts]
    numbers = [_class_numbers(array.labels, rows, classes) for array, rows in parts]
    return ImageData(name, pixels[0], numbers[0], pixels[1], numbers[1], tuple(map(str, classes)))


def _split(name: str, count: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Splits like the validation images, by the same frozen seed."""
    if count < 2:
        raise DataError(f"{name}: holds one image; expected two or more, to train and to test")
    return validation_rows(count, max(_TEST_SHARE, 1 / count))


def _class_numbers(
    labels: NDArray[Any] | None, rows: NDArray[np.int32], classes: NDArray[Any]
) -> NDArray[np.integer]:
    if labels is None:
        return np.zeros(len(rows), np.int64)
    return np.searchsorted(classes, labels[rows])


def _converted(
    images: NDArray[Any], rows: NDArray[np.int32], size: tuple[int, int] | None, grayscale: bool
) -> NDArray[np.uint8]:
    """Takes rows of checked images as `uint8`, a block at a time: the images may be mapped."""
    shape = images.shape[1:3] if size is None else size
    coloured = images.shape[3:] == (3,)
    gray = grayscale or not coloured
    result = new_images((len(rows), *shape, *(() if gray else (3,))))
    redrawn = shape != images.shape[1:3] or (gray and coloured)
    for start in range(0, len(rows), _ROWS):
        block = as_bytes(images[rows[start : start + _ROWS]])
        if redrawn:
            drawn = [pixels_of(Image.fromarray(image), shape, gray=gray) for image in block]
            block = np.stack(drawn)
        result[start : start + _ROWS] = block
    return result
