"""Images of your own as a data set: a folder of pictures, or a file of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kerasae.data.array_files import ImageArrays, is_array_folder, read_image_arrays
from kerasae.data.array_roles import ALL, TEST, TRAIN, VALIDATION
from kerasae.data.classes import number_classes
from kerasae.data.image_data import ImageData, validation_rows
from kerasae.data.image_folder import Conversion, Say, load_folder
from kerasae.data.image_store import new_images
from kerasae.data.picture_files import pixels_of
from kerasae.data.picture_parts import TEST_SHARE, Listed
from kerasae.data.pixel_scale import PixelScale, scale_of
from kerasae.data.pixels import slices_of
from kerasae.errors import DataError
from kerasae.experiment import check_setting
from kerasae.files.local_files import refusing

_ROWS = 256  # converted at once


def load_own_images(
    name: str,
    conversion: Conversion = Conversion(),  # noqa: B008
    *,
    skip_bad: bool = False,
    listed: Sequence[Listed] = (),
    say: Say = lambda doing: None,
) -> ImageData:
    """Loads images of your own; see `datasets.load_dataset`.

    Args:
        name: Path of a folder, or of an `.npy`, `.npz`, CSV or IDX file.
        conversion: What they are converted to.
        skip_bad: Whether to leave out pictures that cannot be read.
        listed: The pictures of a run, which are then taken, each in its part.
        say: Called with what is being done.

    Returns:
        The images, split.

    Raises:
        DataError: If there are none, they cannot be read, or are too few to split.
        InvalidSetting: If the size is out of range.
    """
    if conversion.size is not None:
        conversion = conversion._replace(size=check_setting("image_size", conversion.size))
    path = Path(name)
    with refusing(name, DataError, "choose another disk with TMPDIR, or mend the data"):
        if path.is_dir() and not is_array_folder(path):
            return load_folder(path, conversion, skip_bad=skip_bad, listed=listed, say=say)
        return _from_arrays(name, conversion)


def _from_arrays(name: str, conversion: Conversion) -> ImageData:
    found = read_image_arrays(Path(name), conversion.size)
    scale = scale_of([one.images for one in found.parts.values()], name, conversion.white)
    rows = _rows(name, found.parts)
    labelled = all(one.labels is not None for one, _ in (rows[TRAIN], rows[TEST]))
    labels = {
        part: one.labels[taken]
        if labelled and one.labels is not None
        else np.zeros(len(taken), int)
        for part, (one, taken) in rows.items()
    }
    classes, (train_labels, test_labels) = number_classes(labels[TRAIN], labels[TEST])
    images = {
        part: _converted(one.images, taken, scale, conversion)
        for part, (one, taken) in rows.items()
    }  # fmt: skip
    return ImageData(
        name,
        images[TRAIN],
        train_labels,
        images[TEST],
        test_labels,
        class_names=classes if labelled else (),
        validation=images.get(VALIDATION),
        notes=(*found.notes, *scale.notes(name)),
        white=scale.recorded,
    )


def _rows(
    name: str, parts: dict[str, ImageArrays]
) -> dict[str, tuple[ImageArrays, NDArray[np.int32]]]:
    """Says which rows of which array are which part; without test images, a tenth of them is."""
    whole = {part: (one, np.arange(len(one.images), dtype=np.int32)) for part, one in parts.items()}
    if TEST in parts:
        return whole
    only, _ = whole.pop(ALL if ALL in whole else TRAIN)
    if len(only.images) < 2:
        raise DataError(f"{name}: holds one image; expected two or more, to train and to test")
    # Split like the validation images, by the same frozen seed.
    train, test = validation_rows(len(only.images), TEST_SHARE)
    return {TRAIN: (only, train), **whole, TEST: (only, test)}


def _converted(
    images: NDArray[Any], rows: NDArray[np.integer], scale: PixelScale, conversion: Conversion
) -> NDArray[np.uint8]:
    """Takes rows of checked images as `uint8`, a block at a time: the images may be mapped."""
    size = conversion.size or images.shape[1:3]
    gray = conversion.grayscale or images.shape[3:] != (3,)
    result = new_images((len(rows), *size) if gray else (len(rows), *size, 3))
    for part in slices_of(len(rows), images.shape[1:], _ROWS):
        block = scale.to_bytes(images[rows[part]])
        if block.shape[1:] != result.shape[1:]:
            pictures = [Image.fromarray(image) for image in block]
            block = np.stack([pixels_of(picture, size, gray=gray) for picture in pictures])
        result[part] = block
    return result
