"""A Keras model whose train step is a whole chunk of steps inside one XLA program."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kerasae.experiment import Experiment
from kerasae.model_outputs import image_mse_function
from kerasae.models import unclipped
from kerasae.training.batches import no_chunk
from kerasae.training.corruption import add_noise, random_shifts

# TensorFlow's kernels expect tensors at multiples of so many bytes (EIGEN_MAX_ALIGN_BYTES).
_TENSOR_ALIGNMENT = 64


class ChunkTrainer(keras.Model):
    """Trains an autoencoder from row numbers, many steps per call.

    The images stay in memory as `uint8`; each step gathers its rows, scales them to [0, 1],
    shifts them and adds noise where the experiment says so, and updates the weights.
    `tf.while_loop` repeats that inside the compiled program (autograph is off inside Keras'
    train function). `fit` then drives it as usual.

    Args:
        autoencoder: The model to train, from images in [0, 1] to the same shape.
        images: All images that row numbers may name, `uint8`, `(images, *image_shape)`.
        experiment: The settings of noise and shifts, and their seed, which `seed` then holds.

    Attributes:
        image_mse: The compiled scorer of `autoencoder`; see `model_outputs.image_mse_function`.
    """

    def __init__(
        self, autoencoder: keras.Model, images: NDArray[np.uint8], experiment: Experiment
    ) -> None:
        super().__init__(name="trainer")
        self.autoencoder = autoencoder
        self.image_mse = image_mse_function(autoencoder)
        self._unclipped = unclipped(autoencoder)
        self._images = _as_tensor(images)
        self._experiment = experiment
        # No constant of the program, which serves other seeds as well.
        self.seed = tf.Variable(experiment.seed, trainable=False, dtype=tf.int32)
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
        """Runs `steps` steps over the rows of a chunk; see `training.batches.row_chunks`."""
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
        settings = self._experiment
        # The count of steps since the start of training, which a checkpoint carries on.
        key = tf.stack([self.seed, tf.cast(self.optimizer.iterations, tf.int32)])
        clean = tf.cast(tf.gather(self._images, rows), tf.float32) / 255.0
        if settings.shift:
            clean = random_shifts(clean, settings.shift, key)
        noisy = clean
        if settings.sigma:
            noisy = add_noise(clean, settings.sigma, settings.clip_noise, key)
        weights = self.autoencoder.trainable_variables
        with tf.GradientTape() as tape:
            output = self._reconstruct(noisy)
            loss = self.compute_loss(y=clean, y_pred=output, training=True)
        self._update(tape.gradient(loss, weights), weights)
        return loss, tf.reduce_mean(tf.square(output - clean))

    def _update(self, gradients: list[tf.Tensor], weights: list[keras.Variable]) -> None:
        """Applies gradients as there is one replica, without summing them over replicas.

        TensorFlow's sum is a custom gradient, which it registers for ever, and with it the
        graph and all that the graph refers to: 4 copies of a model's weights for each one that
        a process trains (github.com/keras-team/tf-keras/pull/898).
        """
        replica = tf.distribute.get_replica_context()
        replica.merge_call(lambda _strategy: self.optimizer.apply(gradients, weights))

    def _reconstruct(self, images: tf.Tensor) -> tf.Tensor:
        """Clips a shortcut's output but lets the gradient through, as if it were not clipped.

        A pixel that left [0, 1] can then still be pulled back to a target inside
        (the straight-through estimator of Bengio et al. 2013, arXiv:1308.3432).
        """
        output = self._unclipped(images, training=True)
        if self._unclipped is self.autoencoder:
            return output
        return output + tf.stop_gradient(tf.clip_by_value(output, 0.0, 1.0) - output)

    def compile_now(self) -> None:
        """Compiles the train step by running no step, so that epochs can be timed fairly."""
        self.optimizer.build(self.autoencoder.trainable_variables)
        self.make_train_function()
        self.train_function(iter(no_chunk(self._experiment.pace.batch_size)))
        self.reset_metrics()


def _as_tensor(images: NDArray[np.uint8]) -> tf.Tensor:
    """Makes a tensor of images, in place where their memory allows it.

    The processes of a sweep map the same file; a copy in each would be most of their memory.
    """
    pixels = np.asarray(images)
    aligned = pixels.ctypes.data % _TENSOR_ALIGNMENT == 0
    if pixels.flags.writeable and pixels.flags.c_contiguous and aligned:
        return tf.experimental.dlpack.from_dlpack(pixels.__dlpack__())
    return tf.constant(pixels)
