"""The noise that scores are measured with: fixed by a seed, the same for every method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# The streams of one seed: each part of the data has noise of its own.
TEST, VALIDATION, TRAINING = 0, 1, 2


def noisy_images(
    images: NDArray[np.uint8], sigma: float, seed: int | Sequence[int], *, clip: bool = False
) -> NDArray[np.float32]:
    """Scales images to [0, 1] and adds Gaussian noise.

    `RandomState`'s stream is frozen by NumPy's policy, so a seed means the same noise with
    every version.

    Args:
        images: `uint8`, `(images, ...)`.
        sigma: Standard deviation of the noise, at least 0.
        seed: Seed of the noise, one number or several, such as `(seed, TEST)`.
        clip: Whether the noisy images are clipped to [0, 1].

    Returns:
        Noisy images, `float32`, of the same shape.

    Example:

    >>> noisy_images(np.array([[0, 255]], np.uint8), 0.0, seed=0).tolist()
    [[0.0, 1.0]]
    """
    random = np.random.RandomState(seed)
    noisy = images.astype(np.float32) / np.float32(255)
    for image in noisy:
        image += np.float32(sigma) * random.standard_normal(image.shape).astype(np.float32)
    return np.clip(noisy, 0, 1) if clip else noisy
