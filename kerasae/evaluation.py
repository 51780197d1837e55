"""Scores a trained model on every part of a data set, with PCA beside it."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasae.data.image_data import ImageData, Part, Parts
from kerasae.data.pixels import as_floats, slices_of
from kerasae.errors import TrainingDiverged
from kerasae.experiment import Experiment
from kerasae.image_model import PROBED, ImageModel
from kerasae.metrics import image_mse, mean_difference, scores, ssim
from kerasae.model_outputs import ImageMSE, outputs
from kerasae.model_parts import encoder_of
from kerasae.noise import TEST, TRAINING, VALIDATION, scoring_input, scoring_slices
from kerasae.pca import PCA, fit_pca
from kerasae.sparsity import sparsity

if TYPE_CHECKING:
    import keras

# Test images whose codes tell how sparse the code is.
_CODES = 2_000
_SSIM = 10_000
Images = NDArray[np.float32]
Reconstruct = Callable[[Images], Images]
ByPart = dict[str, NDArray[np.floating]]
_PREFIXES = (("train", "train"), ("val", "validation"), ("test", "test"))


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
        latent_dim: Size of the code, and the number of PCA's components; `None` where the
            code is no vector.
        model: The model's scores by part: `train`, `validation` (where images are held
            out) and `test`.
        pca: PCA's, by part; empty where the code is no vector.
    """

    latent_dim: int | None
    model: dict[str, PartScores]
    pca: dict[str, PartScores]

    def to_dict(self) -> dict[str, Any]:
        """Returns everything as plain JSON values."""
        return dataclasses.asdict(self)


def evaluate(
    model: keras.Model | ImageModel, data: ImageData, experiment: Experiment | None = None
) -> Evaluation:
    """Scores an autoencoder, and PCA with as many dimensions, on all parts of a data set.

    PCA is fitted on the training part and its output clipped to [0, 1]. Where the experiment
    has noise, both see the same noisy images and are scored against the clean ones.

    Args:
        model: An autoencoder of images in [0, 1], or an `ImageModel` of whatever it works in.
        data: The images, `uint8`.
        experiment: The settings it was trained with, which tell the split and the noise;
            default: a validation split of 0.1 and no noise.

    Returns:
        The `Evaluation`.

    Raises:
        InvalidSetting: If the model takes images of another shape, or makes no finite numbers.

    Example:

    >>> import keras
    >>> images = np.zeros((20, 4, 4), np.uint8)
    >>> data = ImageData("blank", images, images[:, 0, 0], images, images[:, 0, 0])
    >>> image = keras.Input((4, 4))
    >>> code = keras.layers.Dense(2)(keras.layers.Flatten()(image))
    >>> output = keras.layers.Reshape((4, 4))(keras.layers.Dense(16)(code))
    >>> evaluation = evaluate(keras.Model(image, output), data)
    >>> evaluation.latent_dim, evaluation.model["test"].mse, evaluation.model["test"].ssim
    (2, 0.0, None)
    """
    experiment = experiment or Experiment()
    part, model = data.parts(experiment.validation_split).train, ImageModel.of(model).on_data(data)
    model.checked(as_floats(part.images[part.rows[:PROBED]]))
    dim = model.code_size
    pca = None if dim is None else fit_pca(part.images, dim, part.rows)
    return evaluate_beside(pca, model, data, experiment)


def evaluate_beside(
    pca: PCA | None,
    model: keras.Model | ImageModel,
    data: ImageData,
    experiment: Experiment,
    most_ssim: int = _SSIM,
) -> Evaluation:
    """Does what `evaluate` does, beside PCA that is fitted already.

    Args:
        pca: PCA of the training part, with as many components as the code has units, or
            more; `None` for a model whose code is no vector.
        model: The autoencoder.
        data: The images.
        experiment: Its settings.
        most_ssim: Images of each part to take the SSIM of, the first ones; 10,000 or fewer.
    """
    model = ImageModel.of(model).on_data(data)
    parts, dim = data.parts(experiment.validation_split), model.code_size

    def part_scores(part_mse: ImageMSE, reconstruct: Reconstruct) -> dict[str, PartScores]:
        return {
            name: _with_similarity(part_mse, reconstruct, part, stream, experiment, most_ssim)
            for name, part, stream in _streams(parts)
        }

    ours = part_scores(model.errors, model.outputs)
    if pca is None or dim is None:
        return Evaluation(None, ours, {})
    by_pca = functools.partial(pca.reconstructions, dim=dim, sigma=experiment.sigma)
    return Evaluation(dim, ours, part_scores(_mse_of(by_pca), by_pca))


def run_metrics(
    model: keras.Model, model_mse: ImageMSE, data: ImageData, experiment: Experiment, pca: PCA
) -> dict[str, Any]:
    """Scores a run's model as its `metrics.json` has it.

    Args:
        model: The trained model, as kerasae builds it.
        model_mse: Its compiled scorer; see `model_outputs.image_mse_function`.
        data: The images that it was trained on, and those it is tested on.
        experiment: The settings.
        pca: The components of the images that it was trained on.

    Returns:
        `train_mse`, `train_psnr`, `val_mse`, `val_psnr`, `test_mse`, `test_psnr`,
        `test_pooled_psnr` (`None` for a part without images); `pca_val_mse`, `pca_test_mse` and
        `pca_test_psnr` of PCA with as many dimensions; `pca_difference`, the mean over the test
        images of the model's MSE less PCA's, and its standard error, `pca_difference_se`,
        which one image does not tell;
        `code_near_zero` and `code_active_units` (see `sparsity`); and for noisy input
        `noisy_psnr`, of the test images before denoising.

    Raises:
        TrainingDiverged: If a score is not finite.
    """
    parts = data.parts(experiment.validation_split)

    def by_pca(seen: Images) -> Images:
        return pca.reconstructions(seen, experiment.latent_dim, experiment.sigma)

    streams = {name: (part, stream) for name, part, stream in _streams(parts)}
    errors = {name: _errors(model_mse, *one, experiment) for name, one in streams.items()}
    baseline = {
        name: _errors(_mse_of(by_pca), *streams[name], experiment)
        for name in streams.keys() - {"train"}
    }
    for name, error in errors.items():
        if not math.isfinite(mean := float(error.mean(dtype=np.float64))):
            raise TrainingDiverged(f"the {name} MSE is {mean}; lower the learning rate")
    metrics: dict[str, Any] = {}
    for prefix, of, names in (("", errors, _PREFIXES), ("pca_", baseline, _PREFIXES[1:])):
        for short, name in names:
            one = scores(of[name]) if name in of else None
            for score in ("mse", "psnr"):
                metrics[f"{prefix}{short}_{score}"] = getattr(one, score, None)
    metrics["test_pooled_psnr"] = scores(errors["test"]).pooled_psnr if "test" in errors else None
    metrics |= _difference(errors, baseline)
    part, stream = next(reversed(streams.values()))
    clean = part.images[part.rows[:_CODES]]
    noisy = scoring_input(experiment, clean, stream)
    codes = outputs(encoder_of(model), as_floats(clean) if noisy is None else noisy)
    metrics["code_near_zero"], metrics["code_active_units"] = dataclasses.astuple(sparsity(codes))
    if experiment.sigma and "test" in streams:
        noise = _errors(_mse_of(lambda seen: seen), parts.test, TEST, experiment)
        metrics["noisy_psnr"] = scores(noise).psnr
    return metrics


def _difference(errors: ByPart, baseline: ByPart) -> dict[str, float | None]:
    """Compares a model with PCA image by image, on the test images."""
    if "test" not in errors:
        return {"pca_difference": None, "pca_difference_se": None}
    mean, error = mean_difference(errors["test"], baseline["test"])
    return {"pca_difference": mean, "pca_difference_se": error if error < math.inf else None}


def _streams(parts: Parts) -> list[tuple[str, Part, int]]:
    """Names each part that has images, with the stream of its noise."""
    named = zip(parts._fields, parts, (TRAINING, VALIDATION, TEST), strict=True)
    return [one for one in named if len(one[1])]


def _errors(
    part_mse: ImageMSE, part: Part, stream: int, experiment: Experiment
) -> NDArray[np.floating]:
    """Scores a part in slices, so that its images and their noise are not all copied at once."""
    slices = scoring_slices(experiment, part.images, stream, part.rows)
    return np.concatenate([part_mse(*one) for one in slices])


def _with_similarity(
    part_mse: ImageMSE,
    reconstruct: Reconstruct,
    part: Part,
    stream: int,
    experiment: Experiment,
    most_ssim: int,
) -> PartScores:
    scored = scores(_errors(part_mse, part, stream, experiment))
    images, noisy = next(scoring_slices(experiment, part.images, stream, part.rows))
    clean = as_floats(images[:most_ssim])
    noisy = None if noisy is None else noisy[:most_ssim]
    seen = clean if noisy is None else noisy
    parts = slices_of(len(clean), clean.shape[1:], len(clean))
    found = [ssim(clean[one], reconstruct(seen[one])) for one in parts]
    similarity = float(np.concatenate(found).mean())
    known = None if math.isnan(similarity) else similarity
    return PartScores(len(part), scored.mse, scored.psnr, scored.pooled_psnr, known)


def _mse_of(reconstruct: Reconstruct) -> ImageMSE:
    def part_mse(images: NDArray[np.uint8], inputs: Images | None) -> NDArray[np.floating]:
        clean = as_floats(images)
        return image_mse(clean, reconstruct(clean if inputs is None else inputs))

    def mse(images: NDArray[np.uint8], inputs: Images | None = None) -> NDArray[np.floating]:
        parts = slices_of(len(images), images.shape[1:], len(images))
        return np.concatenate(
            [part_mse(images[one], None if inputs is None else inputs[one]) for one in parts]
        )

    return mse
