"""What a model makes of images, a batch at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kerasae.runtime import start_tensorflow

if TYPE_CHECKING:
    import tensorflow as tf

_BATCH = 500
# Numbers in a batch of large images: a quarter of a gigabyte of float32.
_MOST_NUMBERS = 1 << 26


class ImageMSE(Protocol):
    """A function that scores the reconstructions of images."""

    def __call__(
        self, images: NDArray[np.uint8], inputs: NDArray[np.float32] | None = None
    ) -> NDArray[np.floating]: ...


def outputs(
    model: Callable[..., Any], inputs: NDArray[np.floating], batch: int = _BATCH
) -> NDArray[np.float32]:
    """Returns what a model, or a half of one, makes of arrays.

    All batches have one size, so that the bits of a row do not depend on the other rows.

    Args:
        model: The model, encoder or decoder, in inference mode.
        inputs: Its inputs, `(rows, ...)`.
        batch: Rows at once, of large images fewer; a batch that is not full takes as long.

    Returns:
        Its outputs, `float32`, `(rows, ...)`.

    Example:

    >>> from kerasae.models import basic_autoencoder
    >>> model = basic_autoencoder((4, 4), 8, 2)
    >>> outputs(model.get_layer("encoder"), np.zeros((3, 4, 4))).shape
    (3, 2)
    """
    import keras

    size = rows_at_once(batch, math.prod(inputs.shape[1:]))

    def run(batch: NDArray[np.floating]) -> Any:
        # PyTorch's tensors are no arrays while they carry gradients.
        return keras.ops.convert_to_numpy(model(batch.astype(np.float32), training=False))

    return _in_batches(run, size, inputs)


def rows_at_once(batch: int, numbers: int) -> int:
    """Returns how many rows are run through a model at once: of many numbers, fewer.

    Example:

    >>> rows_at_once(500, 784), rows_at_once(500, 1 << 24)
    (500, 4)
    """
    return max(1, min(batch, _MOST_NUMBERS // max(1, numbers)))


def image_mse_function(model: Callable[..., Any], batch: int = _BATCH) -> ImageMSE:
    """Compiles a function that scores a model's reconstructions.

    Args:
        model: An autoencoder from images in [0, 1] to the same shape.
        batch: Images at once.

    Returns:
        A function of `uint8` images `(images, *image_shape)`, and of the model's input where
        that is not the images themselves (noisy ones, `float32`), that returns the mean
        squared error of each, `float32`, `(images,)`. It always reflects the model's
        current weights.

    Raises:
        InvalidSetting: If Keras runs on another backend than TensorFlow.

    Example:

    >>> from kerasae.models import basic_autoencoder
    >>> score = image_mse_function(basic_autoencoder(hidden_dim=8, latent_dim=2))
    >>> score(np.zeros((3, 28, 28), np.uint8)).shape
    (3,)
    """
    start_tensorflow()
    import tensorflow as tf

    def batch_mse(images: tf.Tensor, inputs: tf.Tensor | None = None) -> tf.Tensor:
        clean = tf.cast(images, tf.float32) / 255.0
        output = model(clean if inputs is None else inputs, training=False)
        return tf.reduce_mean(tf.square(output - clean), axis=list(range(1, clean.shape.rank)))

    compiled = tf.function(batch_mse, jit_compile=True, autograph=False)

    def image_mse(
        images: NDArray[np.uint8], inputs: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        arrays = (images,) if inputs is None else (images, inputs)
        return _in_batches(lambda *one: compiled(*map(tf.constant, one)), batch, *arrays)

    return image_mse


def _in_batches(
    function: Callable[..., Any], size: int, *arrays: NDArray[Any]
) -> NDArray[np.float32]:
    """Calls a function with rows of arrays; a short last batch is filled up, then cut."""
    results = []
    # Of no rows, too, there is a result, with no rows of its shape.
    for start in range(0, max(1, len(arrays[0])), size):
        batch = [array[start : start + size] for array in arrays]
        full = [_filled(part, size) for part in batch]
        results.append(np.asarray(function(*full), np.float32)[: len(batch[0])])
    return np.concatenate(results)


def _filled(batch: NDArray[Any], size: int) -> NDArray[Any]:
    if len(batch) == size:
        return batch
    full = np.zeros((size, *batch.shape[1:]), batch.dtype)
    full[: len(batch)] = batch
    return full
