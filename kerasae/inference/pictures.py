"""Using a trained model on pictures: reconstructing and encoding them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kerasae.data.image_store import new_npy
from kerasae.data.picture_files import like_picture, save_picture
from kerasae.data.pixels import as_bytes, as_floats
from kerasae.files import whole_files
from kerasae.image_model import ImageModel
from kerasae.inference.model_inputs import BATCH, Batch, ModelInputs
from kerasae.memory import FLOAT, check_memory

if TYPE_CHECKING:
    import keras


AnyModel: TypeAlias = "keras.Model | ImageModel"


def reconstruct(model: AnyModel, images: NDArray[np.uint8 | np.floating]) -> NDArray[np.float32]:
    """Returns what a model makes of images: clean ones of noisy ones, if it is a denoiser.

    Args:
        model: The model, of images in [0, 1], or an `ImageModel` of whatever it works in.
        images: `uint8`, or floats where clean images lie in [0, 1], `(images, *image_shape)`.

    Returns:
        Its output in [0, 1], `float32`, of the same shape.

    Raises:
        InvalidSetting: If the images are of another type, or the model takes others.

    Example:

    >>> from kerasae.models import basic_autoencoder
    >>> reconstruct(basic_autoencoder((4, 4), 8, 2), np.zeros((3, 4, 4), np.uint8)).shape
    (3, 4, 4)
    """
    seen = as_floats(images)
    return np.clip(ImageModel.of(model).on_shape(images.shape[1:]).outputs(seen), 0, 1)


def reconstruct_pictures(model: AnyModel, inputs: ModelInputs, out: Path) -> list[Path]:
    """Writes what a model makes of pictures, under their names, sizes and modes.

    A picture is scaled to the model's size, and the result back to the picture's. For a file of
    arrays an `.npy` file of the same shape is written, `uint8`.

    Args:
        model: An autoencoder, or a denoiser.
        inputs: The images.
        out: A folder that does not exist yet, or is empty.

    Returns:
        The files written.

    Raises:
        ArtifactError: If the folder is not empty or cannot be written.
        DataError: If a picture cannot be read; nothing is then written.
    """
    written: dict[PurePath, NDArray[np.uint8] | None] = {}
    with whole_files.new_folder(out) as folder:
        for one_model, batch in model_batches(model, inputs):
            results = as_bytes(one_model.outputs(batch.images, BATCH))
            for one, picture, pixels in zip(batch.inputs, batch.pictures, results, strict=True):
                target = folder / one.name
                target.parent.mkdir(parents=True, exist_ok=True)
                if one.row is None:
                    written[one.name] = None
                    save_picture(pixels, picture, target)
                    continue
                array = written.get(one.name)
                if array is None:
                    array = written[one.name] = new_npy(target, inputs.shape_of(one.path))
                array[one.row] = like_picture(pixels, picture).reshape(array.shape[1:])
    return [out / name for name in written]


@dataclasses.dataclass(frozen=True)
class PictureCodes:
    """The codes of images.

    Args:
        names: What they are the codes of: paths, with the row for files of arrays.
        codes: `float32`, `(images, latent_dim)`.
    """

    names: list[str]
    codes: NDArray[np.float32]


def encode_pictures(model: AnyModel, inputs: ModelInputs) -> PictureCodes:
    """Returns the codes of images.

    Raises:
        InvalidSetting: If the model has no code that is a vector; see `ImageModel.codes`.
        DataError: If a picture cannot be read.
    """
    names, codes = [], []
    for one_model, batch in model_batches(model, inputs):
        names += [one.title for one in batch.inputs]
        codes.append(one_model.codes(batch.images, BATCH))
        if len(codes) == 1:
            count, size = len(inputs.images), codes[0].shape[1]
            needed = 2 * FLOAT * count * size
            check_memory(f"{count:,} codes of {size:,} numbers", needed, "take fewer images")
    return PictureCodes(names, np.concatenate(codes))


def model_batches(model: AnyModel, inputs: ModelInputs) -> Iterator[tuple[ImageModel, Batch]]:
    """Yields batches of pictures with the model for them, checked on the first."""
    used = ImageModel.of(model).on_pictures(inputs.common_size)
    for number, batch in enumerate(inputs.batches(used.image_shape)):
        yield used if number else used.checked(batch.images), batch
