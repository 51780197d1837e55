"""Images of your own as a data set: a folder of pictures, or a file of arrays."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kerasae.data.array_files import ImageArrays, read_image_arrays
from kerasae.data.idx import MNIST_FILES, idx_file
from kerasae.data.image_data import ImageData, validation_rows
from kerasae.data.image_folder import PictureFolder
from kerasae.data.image_store import new_images
from kerasae.data.picture_files import Size, pixels_of
from kerasae.data.pixels import as_bytes
from kerasae.errors import DataError
from kerasae.experiment import check_setting
from kerasae.files.local_files import refusing

_TEST_SHARE = 0.1
_ROWS = 256  # converted at once


def load_own_images(name: str, size: Size | None, grayscale: bool, skip_bad: bool) -> ImageData:
    """Loads images of your own; see `datasets.load_dataset`.

    Args:
        name: Path of a folder, or of an `.npy`, `.npz` or IDX file.
        size: Height and width to convert to, or `None`.
        grayscale: Whether to convert to grayscale.
        skip_bad: Whether to leave out pictures that cannot be read.

    Returns:
        The images, split.

    Raises:
        DataError: If there are none, they cannot be read, or are too few to split.
        InvalidSetting: If the size is out of range.
    """
    if size is not None:
        size = check_setting("image_size", size)
    path = Path(name)
    with refusing(name, DataError, "choose another disk with TMPDIR, or mend the data"):
        if path.is_dir() and not os.path.lexists(idx_file(path, MNIST_FILES[0])):
            return _from_folder(name, size, grayscale, skip_bad)
        return _from_arrays(name, read_image_arrays(path), size, grayscale)


def _from_folder(name: str, size: Size | None, grayscale: bool, skip_bad: bool) -> ImageData:
    pictures = PictureFolder(Path(name), size, grayscale, skip_bad)
    train, test = map(pictures.read, _split(name, len(pictures.files)))
    if not len(train[0]) or not len(test[0]):
        raise DataError(
            f"{name}: only {len(train[0])} training and {len(test[0])} test images can be "
            f"read; expected one or more of each"
        )
    return ImageData(
        name,
        *train[:2],
        *test[:2],
        class_names=pictures.class_names,
        skipped=tuple(pictures.skipped),
        test_names=test[2],
    )


def _from_arrays(name: str, parts: list[ImageArrays], size: Size | None, gray: bool) -> ImageData:
    # Without labels, all images are of one class without a name.
    labels = [np.zeros(len(one.images), int) if one.labels is None else one.labels for one in parts]
    classes = np.unique(np.concatenate(labels))
    if len(parts) == 1:
        parts, labels, rows = parts * 2, labels * 2, _split(name, len(labels[0]))
    else:
        rows = tuple(np.arange(len(one), dtype=np.int32) for one in labels)
    train, test = (
        (_converted(one.images, taken, size, gray), np.searchsorted(classes, label[taken]))
        for one, label, taken in zip(parts, labels, rows, strict=True)
    )
    class_names = () if parts[0].labels is None else tuple(map(str, classes))
    return ImageData(name, *train, *test, class_names)


def _split(name: str, count: int) -> tuple[NDArray[np.int32], ...]:
    """Splits like the validation images, by the same frozen seed."""
    if count < 2:
        raise DataError(f"{name}: holds one image; expected two or more, to train and to test")
    return validation_rows(count, _TEST_SHARE)


def _converted(
    images: NDArray[Any], rows: NDArray[np.integer], size: Size | None, grayscale: bool
) -> NDArray[np.uint8]:
    """Takes rows of checked images as `uint8`, a block at a time: the images may be mapped."""
    size = size or images.shape[1:3]
    gray = grayscale or images.shape[3:] != (3,)
    result = new_images((len(rows), *size) if gray else (len(rows), *size, 3))
    for start in range(0, len(rows), _ROWS):
        block = as_bytes(images[rows[start : start + _ROWS]])
        if block.shape[1:] != result.shape[1:]:
            pictures = [Image.fromarray(image) for image in block]
            block = np.stack([pixels_of(picture, size, gray=gray) for picture in pictures])
        result[start : start + _ROWS] = block
    return result
