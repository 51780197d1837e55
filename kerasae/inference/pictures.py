"""Using a trained model on pictures: reconstructing, encoding, and scoring how strange they are."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kerasae.data.image_data import ImageData
from kerasae.data.image_store import new_npy
from kerasae.data.picture_files import like_picture, save_picture
from kerasae.data.pixels import as_bytes, as_floats
from kerasae.errors import InvalidSetting
from kerasae.files import whole_files
from kerasae.image_model import ImageModel
from kerasae.inference import QUANTILE
from kerasae.inference.model_inputs import BATCH, Batch, Input, ModelInputs
from kerasae.metrics import image_mse, psnr

if TYPE_CHECKING:
    import keras


_ROWS = 500
AnyModel: TypeAlias = "keras.Model | ImageModel"


@dataclasses.dataclass(frozen=True)
class PictureScore:
    """How badly a model reconstructs a picture.

    Args:
        name: The picture's path.
        mse: Mean squared error, in the model's size, pixels in [0, 1].
        psnr: The same in dB.
        anomaly: Whether the error is above the threshold; `None` without one.
    """

    name: str
    mse: float
    psnr: float
    anomaly: bool | None


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
        for one_model, batch in _batches(model, inputs):
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
    for one_model, batch in _batches(model, inputs):
        names += [one.title for one in batch.inputs]
        codes.append(one_model.codes(batch.images, BATCH))
    return PictureCodes(names, np.concatenate(codes))


def training_threshold(
    model: AnyModel, data: ImageData, validation_split: float, quantile: float = QUANTILE
) -> float:
    """Returns the reconstruction error that a share of the training images stay below.

    Args:
        model: The model.
        data: The data set that it was trained on.
        validation_split: Share of the training images that were held out.
        quantile: The share, above 0 and below 1.

    Returns:
        The quantile of the training images' MSE, by linear interpolation.

    Raises:
        InvalidSetting: If the model takes other images, or the share is out of range.
    """
    if not 0 < quantile < 1:
        raise InvalidSetting("quantile", quantile, "a number above 0 and below 1, such as 0.99")
    model = ImageModel.of(model).on_data(data)
    part = data.parts(validation_split).train
    errors = []
    for start in range(0, len(part), _ROWS):
        images = as_floats(part.images[part.rows[start : start + _ROWS]])
        errors.append(image_mse(images, model.outputs(images)))
    return float(np.quantile(np.concatenate(errors), quantile))


def score_pictures(
    model: AnyModel, inputs: ModelInputs, threshold: float | None = None, maps: Path | None = None
) -> list[PictureScore]:
    """Ranks pictures by their reconstruction error, the largest first.

    Args:
        model: The model.
        inputs: The pictures.
        threshold: The error above which a picture counts as an anomaly; see
            `training_threshold`.
        maps: Folder, new or empty, for a grey picture of the absolute error of each pixel
            (white is an error of 1; in colour, the mean of the three), or `None`.

    Returns:
        A `PictureScore` for each.

    Raises:
        ArtifactError: If the folder is not empty or cannot be written.
        DataError: If a picture cannot be read; no maps are then written.
    """
    scores = []
    with contextlib.nullcontext() if maps is None else whole_files.new_folder(maps) as folder:
        for one_model, batch in _batches(model, inputs):
            results = one_model.outputs(batch.images, BATCH)
            for one, error in zip(batch.inputs, image_mse(batch.images, results), strict=True):
                anomaly = None if threshold is None else bool(error > threshold)
                scores.append(PictureScore(one.title, float(error), float(psnr(error)), anomaly))
            if folder is not None:
                _save_maps(folder, batch.inputs, np.abs(results - batch.images))
    return sorted(scores, key=lambda score: -score.mse)


def _batches(model: AnyModel, inputs: ModelInputs) -> Iterator[tuple[ImageModel, Batch]]:
    """Yields batches of pictures with the model for them, checked on the first."""
    used = ImageModel.of(model).on_pictures(inputs.common_size)
    for number, batch in enumerate(inputs.batches(used.image_shape)):
        yield used if number else used.checked(batch.images), batch


def _save_maps(folder: Path, inputs: Sequence[Input], errors: NDArray[np.float32]) -> None:
    if errors.ndim == 4:
        errors = errors.mean(-1)
    for one, pixels in zip(inputs, as_bytes(errors), strict=True):
        # The whole name is kept: a.jpg and a.png are two pictures.
        number = "" if one.row is None else f"-{one.row}"
        target = folder / one.name.with_name(f"{one.name.name}{number}.png")
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(target)
