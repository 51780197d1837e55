"""Scores a trained model on every part of a data set, with PCA beside it."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasae.data.image_data import ImageData, validation_rows
from kerasae.data.pixels import as_floats
from kerasae.experiment import Experiment
from kerasae.metrics import scores, ssim
from kerasae.model_parts import check_shape, code_size
from kerasae.noise import TEST, TRAINING, VALIDATION, scoring_slices
from kerasae.pca import PCA, fit_pca

if TYPE_CHECKING:
    import keras

_BATCH = 500
Images = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class PartScores:
    """Scores on one part of a data set.

    Args:
        images: Number of images.
        mse: Mean squared error over pixels and images, images in [0, 1].
        psnr: Mean of the per-image PSNR, in dB.
        pooled_psnr: PSNR of `mse`, in dB.
        ssim: Mean structural similarity of the first 10,000 images; `None` for images that
            are too small for it.
    """

    images: int
    mse: float
    psnr: float
    pooled_psnr: float
    ssim: float | None


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Scores of a model and of PCA.

    Args:
        latent_dim: Size of the code, and the number of PCA's components.
        model: The model's scores by part: `train`, `validation` (where images are held
            out) and `test`.
        pca: PCA's, by part.
    """

    latent_dim: int
    model: dict[str, PartScores]
    pca: dict[str, PartScores]

    def to_dict(self) -> dict[str, Any]:
        """Returns everything as plain JSON values."""
        return dataclasses.asdict(self)


def evaluate(
    model: keras.Model, data: ImageData, experiment: Experiment | None = None
) -> Evaluation:
    """Scores an autoencoder, and PCA with as many dimensions, on all parts of a data set.

    PCA is fitted on the training part and its output clipped to [0, 1]. Where the experiment
    has noise, both see the same noisy images and are scored against the clean ones.

    Args:
        model: An autoencoder from images in [0, 1] to the same shape.
        data: The images, `uint8`.
        experiment: The settings it was trained with, which tell the split and the noise;
            default: a validation split of 0.1 and no noise.

    Returns:
        The `Evaluation`.

    Raises:
        InvalidSetting: If the model takes images of another shape.

    Example:

    >>> import keras
    >>> images = np.zeros((20, 4, 4), np.uint8)
    >>> data = ImageData("blank", images, images[:, 0, 0], images, images[:, 0, 0])
    >>> image = keras.Input((4, 4))
    >>> code = keras.layers.Dense(2)(keras.layers.Flatten()(image))
    >>> output = keras.layers.Reshape((4, 4))(keras.layers.Dense(16)(code))
    >>> found = evaluate(keras.Model(image, output), data)
    >>> found.latent_dim, found.model["test"].mse, found.model["test"].ssim
    (2, 0.0, None)
    """
    experiment = experiment or Experiment()
    shape = check_shape(model, data)
    rows, held_out = validation_rows(len(data.train), experiment.validation_split)
    parts: dict[str, tuple[NDArray[np.uint8], int, NDArray[np.integer]]] = {
        "train": (data.train, TRAINING, rows),
        "validation": (data.train, VALIDATION, held_out),
        "test": (data.test, TEST, np.arange(len(data.test))),
    }
    dim = code_size(model)
    pca = fit_pca(data.train, dim, rows)
    found: dict[str, PartScores] = {}
    linear: dict[str, PartScores] = {}
    for name, (images, stream, chosen) in parts.items():
        if not len(chosen):
            continue
        slices: list[list[tuple[NDArray, NDArray]]] = []
        for part, seen in scoring_slices(experiment, images, stream, chosen):
            clean = as_floats(part)
            noisy = clean if seen is None else seen
            inputs = noisy.reshape(-1, *shape)
            output = np.asarray(model.predict(inputs, batch_size=_BATCH, verbose=0))
            by_pca = _by_pca(pca, dim, experiment.sigma, noisy)
            slices.append(
                [_errors(clean, out.reshape(clean.shape), not slices) for out in (output, by_pca)]
            )
        found[name], linear[name] = (_summary(found) for found in zip(*slices, strict=True))
    return Evaluation(dim, found, linear)


def _by_pca(pca: PCA, dim: int, sigma: float, images: Images) -> Images:
    kernel, bias, kernel_out, bias_out = pca.linear_path(dim, sigma)
    output = (images.reshape(len(images), -1) @ kernel + bias) @ kernel_out + bias_out
    return np.clip(output, 0, 1)


def _errors(clean: Images, output: Images, first: bool) -> tuple[NDArray, NDArray]:
    """Returns the MSE of each image, and of the first slice the structural similarity."""
    mse = np.square(output - clean).reshape(len(clean), -1).mean(1, dtype=np.float64)
    return mse, ssim(clean, output) if first else np.empty(0)


def _summary(slices: tuple[tuple[NDArray, NDArray], ...]) -> PartScores:
    errors = np.concatenate([mse for mse, _ in slices])
    found = scores(errors)
    similarity = float(slices[0][1].mean())
    return PartScores(
        len(errors),
        found.mse,
        found.psnr,
        found.pooled_psnr,
        None if math.isnan(similarity) else similarity,
    )
