"""A Keras model whose train step is a whole chunk of steps inside one XLA program."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


class ChunkTrainer(keras.Model):
    """Trains an autoencoder from row numbers, many steps per call.

    The images stay in memory as `uint8`; each step gathers its rows, scales them to [0, 1]
    and updates the weights, and `tf.while_loop` repeats that inside the compiled program
    (autograph is off inside Keras' train function). `fit` then drives it as usual.

    Args:
        autoencoder: The model to train, from images in [0, 1] to the same shape.
        images: Training images, `uint8`, `(images, *image_shape)`.
    """

    def __init__(self, autoencoder: keras.Model, images: NDArray[np.uint8]) -> None:
        super().__init__(name="trainer")
        self.autoencoder = autoencoder
        self._images = tf.constant(images)
        self._loss_mean = keras.metrics.Mean(name="loss")
        self._mse_mean = keras.metrics.Mean(name="mse")
        self.built = True

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The running means of the loss (with the L1 penalty) and of the MSE (without)."""
        return [self._loss_mean, self._mse_mean]

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Reconstructs images."""
        return self.autoencoder(images, training=training)

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Runs `steps` steps over the rows of a chunk; see `batches.row_chunks`."""
        rows, steps = data

        def body(step: tf.Tensor, loss_sum: tf.Tensor, mse_sum: tf.Tensor) -> tuple[Any, ...]:
            loss, mse = self._one_step(tf.gather(rows, step))
            return step + 1, loss_sum + loss, mse_sum + mse

        start = (tf.constant(0, steps.dtype), tf.constant(0.0), tf.constant(0.0))
        _, loss_sum, mse_sum = tf.while_loop(lambda step, *_: step < steps, body, start)
        count = tf.cast(steps, tf.float32)
        divisor = tf.maximum(count, 1.0)
        self._loss_mean.update_state(loss_sum / divisor, sample_weight=count)
        self._mse_mean.update_state(mse_sum / divisor, sample_weight=count)
        return {metric.name: metric.result() for metric in self.metrics}

    def _one_step(self, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images = tf.cast(tf.gather(self._images, rows), tf.float32) / 255.0
        weights = self.autoencoder.trainable_variables
        with tf.GradientTape() as tape:
            output = self.autoencoder(images, training=True)
            loss = self.compute_loss(y=images, y_pred=output, training=True)
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        return loss, tf.reduce_mean(tf.square(output - images))

    def compile_now(self, rows_shape: tuple[int, int]) -> None:
        """Compiles the train step by running no step, so that epochs can be timed fairly."""
        self.optimizer.build(self.autoencoder.trainable_variables)
        nothing = (tf.zeros((1, *rows_shape), tf.int32), tf.zeros((1,), tf.int32))
        self.make_train_function()
        self.train_function(iter(tf.data.Dataset.from_tensor_slices(nothing)))
        self.reset_metrics()
