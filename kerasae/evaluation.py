"""Per-image reconstruction errors of a model."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

_BATCH = 500

Evaluator = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def image_mse_function(model: keras.Model) -> Evaluator:
    """Compiles a function that scores a model's reconstructions.

    Args:
        model: An autoencoder from images in [0, 1] to the same shape.

    Returns:
        A function from `uint8` images `(images, *image_shape)` to the mean squared error
        of each, `float32`, `(images,)`. It always reflects the model's current weights.

    Example:

    >>> from kerasae.models import basic_autoencoder
    >>> score = image_mse_function(basic_autoencoder(hidden_dim=8, latent_dim=2))
    >>> score(np.zeros((3, 28, 28), np.uint8)).shape
    (3,)
    """

    def batch_mse(images: tf.Tensor) -> tf.Tensor:
        clean = tf.cast(images, tf.float32) / 255.0
        error = tf.square(model(clean, training=False) - clean)
        return tf.reduce_mean(error, axis=list(range(1, clean.shape.rank)))

    compiled = tf.function(batch_mse, jit_compile=True, autograph=False)

    def image_mse(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        errors = np.empty(len(images), np.float32)
        for start in range(0, len(images), _BATCH):
            batch = images[start : start + _BATCH]
            # One shape is one compilation: a short last batch is filled up and cut again.
            full = np.resize(batch, (_BATCH, *images.shape[1:]))
            errors[start : start + _BATCH] = compiled(tf.constant(full)).numpy()[: len(batch)]
        return errors

    return image_mse
