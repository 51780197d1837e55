"""Per-image reconstruction errors of a model."""

from __future__ import annotations

from typing import Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

_BATCH = 500


class ImageMSE(Protocol):
    """A function that scores the reconstructions of images."""

    def __call__(
        self, images: NDArray[np.uint8], inputs: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]: ...


def image_mse_function(model: keras.Model) -> ImageMSE:
    """Compiles a function that scores a model's reconstructions.

    Args:
        model: An autoencoder from images in [0, 1] to the same shape.

    Returns:
        A function of `uint8` images `(images, *image_shape)`, and of the model's input where
        that is not the images themselves (noisy ones, `float32`), that returns the mean
        squared error of each, `float32`, `(images,)`. It always reflects the model's
        current weights.

    Example:

    >>> from kerasae.models import basic_autoencoder
    >>> score = image_mse_function(basic_autoencoder(hidden_dim=8, latent_dim=2))
    >>> score(np.zeros((3, 28, 28), np.uint8)).shape
    (3,)
    """

    def batch_mse(images: tf.Tensor, inputs: tf.Tensor | None) -> tf.Tensor:
        clean = tf.cast(images, tf.float32) / 255.0
        output = model(clean if inputs is None else inputs, training=False)
        return tf.reduce_mean(tf.square(output - clean), axis=list(range(1, clean.shape.rank)))

    compiled = tf.function(batch_mse, jit_compile=True, autograph=False)

    def image_mse(
        images: NDArray[np.uint8], inputs: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        errors = np.empty(len(images), np.float32)
        for start in range(0, len(images), _BATCH):
            batch = images[start : start + _BATCH]
            noisy = None if inputs is None else _full(inputs[start : start + _BATCH])
            errors[start : start + _BATCH] = compiled(_full(batch), noisy).numpy()[: len(batch)]
        return errors

    return image_mse


def _full(batch: NDArray) -> tf.Tensor:
    """Fills a short last batch up, for one shape is one compilation."""
    return tf.constant(np.resize(batch, (_BATCH, *batch.shape[1:])))
