"""Gaussian noise on images, the same for everybody who uses the same seed."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kerasae.experiment import Experiment, check_setting

_CHUNK = 5000
_SLICE = 10_000
# The streams of one seed: each part of the data has noise of its own.
TEST, VALIDATION, TRAINING = 0, 1, 2


def noisy_images(
    images: NDArray[np.uint8], sigma: float, seed: int | tuple[int, ...], clip: bool = False
) -> NDArray[np.float32]:
    """Adds independent Gaussian noise to images.

    The noise is drawn image after image from NumPy's `RandomState`, whose stream is frozen
    (NEP 19: a release may change what `Generator.normal` draws, never what this one does).
    So the first images get the same noise whatever the number of images, and a published
    score can be checked with another version of NumPy.

    Args:
        images: Images, `uint8`, `(images, ...)`.
        sigma: Standard deviation of the noise where the images lie in [0, 1], at least 0
            and finite.
        seed: Seed of the noise, from 0 to 4294967295, or several, such as `(seed, TEST)`.
        clip: Whether the noisy images are clipped to [0, 1].

    Returns:
        The noisy images, `float32`, of the same shape. Without `clip` their values lie
        outside [0, 1] as well.

    Raises:
        InvalidSetting: If `sigma` or `seed` lies outside its range.

    Example:

    >>> noisy_images(np.array([[0], [255]], np.uint8), sigma=0.6, seed=0, clip=True).tolist()
    [[1.0], [1.0]]
    """
    check_setting("sigma", sigma)
    return _with_noise(images, sigma, _random(seed), clip)


def scoring_seed(experiment: Experiment, stream: int) -> tuple[int, int]:
    """Returns the seed of the noise on the images that a model is scored on."""
    return experiment.seed, stream


def scoring_input(
    experiment: Experiment, images: NDArray[np.uint8], stream: int
) -> NDArray[np.float32] | None:
    """Returns the noisy images that a model is scored on, or `None` where it sees the clean ones.

    Args:
        experiment: The model's settings.
        images: The test or the validation images, or the first of them, `uint8`.
        stream: `TEST` or `VALIDATION`.

    Example:

    >>> scoring_input(Experiment(sigma=0.6), np.zeros((3, 4, 4), np.uint8), TEST).shape
    (3, 4, 4)
    """
    if not experiment.sigma:
        return None
    seed = scoring_seed(experiment, stream)
    return noisy_images(images, experiment.sigma, seed, experiment.clip_noise)


def scoring_slices(
    experiment: Experiment,
    images: NDArray[np.uint8],
    stream: int,
    rows: NDArray[np.integer] | None = None,
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32] | None]]:
    """Yields images and what a model is scored on, without a copy of all of them at once.

    The slices of the test and of the validation images are those of `scoring_input`; the noise
    of the training images begins anew with each.

    Args:
        experiment: The model's settings.
        images: Images, `uint8`, `(images, ...)`.
        stream: Which part they are: `TEST`, `VALIDATION` or `TRAINING`.
        rows: Which of the images; `None` for all.

    Yields:
        At most 10,000 images, and their noisy versions or `None`.

    Example:

    >>> [len(part) for part, _ in scoring_slices(Experiment(), np.zeros((10_001, 1), "u1"), TEST)]
    [10000, 1]
    """
    rows = np.arange(len(images)) if rows is None else rows
    seed = scoring_seed(experiment, stream)
    random = _random(seed)
    for number, start in enumerate(range(0, len(rows), _SLICE)):
        part = images[rows[start : start + _SLICE]]
        if not experiment.sigma:
            yield part, None
            continue
        if stream == TRAINING:
            random = _random((*seed, number))
        yield part, _with_noise(part, experiment.sigma, random, experiment.clip_noise)


def _random(seed: int | tuple[int, ...]) -> np.random.RandomState:
    for number in seed if isinstance(seed, tuple) else (seed,):
        check_setting("seed", number)
    return np.random.RandomState(seed)


def _with_noise(
    images: NDArray[np.uint8], sigma: float, random: np.random.RandomState, clip: bool
) -> NDArray[np.float32]:
    noisy = np.empty(images.shape, np.float32)
    for start in range(0, len(images), _CHUNK):
        clean = images[start : start + _CHUNK] / np.float64(255)
        noisy[start : start + _CHUNK] = clean + sigma * random.standard_normal(clean.shape)
    return np.clip(noisy, 0, 1, out=noisy) if clip else noisy
