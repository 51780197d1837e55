"""How odd pictures are: ranked, told from normal ones, and mapped."""

from __future__ import annotations

import dataclasses
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kerasae.anomaly.detector import Detector
from kerasae.anomaly.labelled import odd_by_folder
from kerasae.data.pixels import as_bytes
from kerasae.files import whole_files
from kerasae.inference.defect_masks import PixelSeparation, mask_path, read_mask
from kerasae.inference.model_inputs import BATCH, Input, ModelInputs
from kerasae.inference.pictures import AnyModel, model_batches
from kerasae.metrics import image_mse, psnr

RECONSTRUCTION = "reconstruction"
# Of the errors of all pixels; the few above it are the reddest.
_SCALE = 99.9
_RED = (230, 30, 30)


@dataclasses.dataclass(frozen=True)
class PictureScore:
    """How odd a picture is.

    Args:
        name: The picture's path.
        mse: Mean squared error of its reconstruction, in the model's size, pixels in [0, 1].
        psnr: The same in dB.
        score: What it is ranked by; the larger, the odder.
        anomaly: Whether the score is above the threshold; `None` without one.
    """

    name: str
    mse: float
    psnr: float
    score: float
    anomaly: bool | None


def score_pictures(
    model: AnyModel,
    inputs: ModelInputs,
    threshold: float | None = None,
    maps: Path | None = None,
    *,
    detector: Detector | None = None,
    score: str = RECONSTRUCTION,
    pixels: PixelSeparation | None = None,
) -> list[PictureScore]:
    """Ranks pictures by how odd they are, the oddest first.

    Args:
        model: The model.
        inputs: The pictures.
        threshold: The score above which a picture is odd; see `Detector.threshold`.
        maps: Folder, new or empty, for a picture of each in the model's size with its errors laid
            over in red, all on one scale, or `None`.
        detector: The model's detector, for the scores that need one.
        score: Name of the score: `reconstruction`, or one of the detector's.
        pixels: Counts the pixels of pictures that have a mask, and of those whose folder says
            that they are normal, by what maps show.

    Returns:
        A `PictureScore` for each.

    Raises:
        ArtifactError: If the folder is not empty or cannot be written.
        DataError: If a picture cannot be read; no maps are then written.
    """
    found = []
    scales = []
    odd = odd_by_title(inputs) if pixels is not None else {}
    for one_model, batch in model_batches(model, inputs):
        results = one_model.outputs(batch.images, BATCH)
        errors = image_mse(batch.images, results)
        scores: NDArray[np.floating] = errors
        if score != RECONSTRUCTION and detector is not None:
            scores = detector.scores(one_model, batch.images)[score]
        for one, error, value in zip(batch.inputs, errors, scores, strict=True):
            anomaly = None if threshold is None else bool(value > threshold)
            found.append(
                PictureScore(one.title, float(error), float(psnr(error)), float(value), anomaly)
            )
        maps_of_errors = by_pixel(results - batch.images)
        scales.append(float(np.percentile(maps_of_errors, _SCALE)))
        if pixels is not None:
            for one, errors_of_one in zip(batch.inputs, maps_of_errors, strict=True):
                count_pixels(pixels, one.path, odd[one.title], errors_of_one)
    if maps is not None:
        _write_maps(model, inputs, maps, max(scales, default=0) or 1)
    return sorted(found, key=lambda one: -one.score)


def _write_maps(model: AnyModel, inputs: ModelInputs, maps: Path, scale: float) -> None:
    # a.jpg and a.png are two pictures, of which a.png keeps its name.
    taken = {one.name for one in inputs.images if _is_png(one)}
    with whole_files.new_folder(maps) as folder:
        for one_model, batch in model_batches(model, inputs):
            results = one_model.outputs(batch.images, BATCH)
            shares = np.clip(by_pixel(results - batch.images) / scale, 0, 1)
            for one, pixels, share in zip(batch.inputs, batch.images, shares, strict=True):
                target = folder / _map_name(one, taken)
                target.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(_laid_over(pixels, share)).save(target)


def odd_by_title(inputs: ModelInputs) -> dict[str, bool | None]:
    """Says by their folders which pictures are odd; see `labelled.odd_by_folder`."""
    odd = odd_by_folder([one.name for one in inputs.images])
    return {one.title: label for one, label in zip(inputs.images, odd, strict=True)}


def count_pixels(
    pixels: PixelSeparation, picture: Path, odd: bool | None, errors: NDArray[np.floating]
) -> None:
    """Counts the pixels of a picture that is normal, or has a mask.

    Args:
        pixels: What counts them.
        picture: Its file.
        odd: Whether it is odd; `None` where that is not known.
        errors: The error of each pixel, `(height, width)`.

    Raises:
        DataError: If its mask cannot be read.
    """
    if odd is None:
        return
    mask = mask_path(picture) if odd else None
    if not odd:
        pixels.add(errors, np.zeros(errors.shape, bool))
    elif mask is not None:
        pixels.add(errors, read_mask(mask, errors.shape))


def by_pixel(errors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the absolute error of each pixel, in colour the mean of the three."""
    absolute = np.abs(errors)
    return absolute.mean(-1) if absolute.ndim == 4 else absolute


def _laid_over(pixels: NDArray[np.float32], share: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lays red over a picture, the more opaque the larger the share."""
    gray = as_bytes(pixels[None])[0]
    colours = gray if gray.ndim == 3 else np.repeat(gray[..., None], 3, axis=-1)
    opaque = share[..., None]
    return np.rint(colours * (1 - opaque) + np.array(_RED) * opaque).astype(np.uint8)


def _map_name(one: Input, taken: set[PurePath]) -> PurePath:
    number = "" if one.row is None else f"-{one.row}"
    name = one.name.with_name(f"{one.name.stem}{number}.png")
    if name in taken and not _is_png(one):
        name = one.name.with_name(f"{one.name.name}{number}.png")
    taken.add(name)
    return name


def _is_png(one: Input) -> bool:
    return one.row is None and one.name.suffix == ".png"
