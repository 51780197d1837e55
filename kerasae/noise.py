"""Gaussian noise on images, the same for everybody who uses the same seed."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kerasae.errors import InvalidSetting

_CHUNK = 5000
_LARGEST_SEED = 2**32 - 1
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
    check_sigma(sigma)
    numbers = seed if isinstance(seed, tuple) else (seed,)
    if not all(0 <= number <= _LARGEST_SEED for number in numbers):
        raise InvalidSetting("seed", seed, f"a whole number from 0 to {_LARGEST_SEED}")
    random = np.random.RandomState(seed)
    noisy = np.empty(images.shape, np.float32)
    for start in range(0, len(images), _CHUNK):
        clean = images[start : start + _CHUNK] / np.float64(255)
        noisy[start : start + _CHUNK] = clean + sigma * random.standard_normal(clean.shape)
    return np.clip(noisy, 0, 1, out=noisy) if clip else noisy


def check_sigma(sigma: float) -> None:
    """Raises `InvalidSetting` unless `sigma` is a finite number of at least 0."""
    if isinstance(sigma, bool) or not isinstance(sigma, int | float) or not 0 <= sigma < math.inf:
        raise InvalidSetting("sigma", sigma, "a finite number of at least 0, such as 0.6")
