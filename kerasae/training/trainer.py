"""A Keras model whose train step is a whole chunk of steps."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kerasae.experiment import Experiment
from kerasae.model_outputs import image_mse_function
from kerasae.models import unclipped
from kerasae.precision import BFLOAT16
from kerasae.training.batches import one_chunk
from kerasae.training.corruption import add_noise, mixtures, random_shifts
from kerasae.training.split_step import SplitStep, clipped_straight_through

# TensorFlow's kernels expect tensors at multiples of so many bytes (EIGEN_MAX_ALIGN_BYTES).
_TENSOR_ALIGNMENT = 64


class ChunkTrainer(keras.Model):
    """Trains an autoencoder from row numbers, many steps per call.

    The images stay in memory as `uint8`; each step gathers its rows, scales them to [0, 1],
    mixes and shifts them and adds noise where the experiment says so, and updates the weights.
    `tf.while_loop` repeats that inside the compiled program (autograph is off inside Keras'
    train function). `fit` then drives it as usual. In `bfloat16` the step is a `SplitStep`.

    Args:
        autoencoder: The model to train, from images in [0, 1] to the same shape.
        images: All images that row numbers may name, `uint8`, `(images, *image_shape)`.
        experiment: The settings of mixtures, shifts, noise, loss and precision, and the seed,
            which `seed` then holds.

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
        self._split = None
        if experiment.precision == BFLOAT16:
            self._split = SplitStep(
                autoencoder, BFLOAT16, draw=self._draw, loss=self._loss, update=self._update
            )
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
        one_step = self._split or self._one_step
        if self._split is not None:
            self._split.renew_copies()

        def body(step: tf.Tensor, loss_sum: tf.Tensor, mse_sum: tf.Tensor) -> tuple[Any, ...]:
            loss, mse = one_step(tf.gather(rows, step))
            return step + 1, loss_sum + loss, mse_sum + mse

        start = (tf.constant(0, steps.dtype), tf.constant(0.0), tf.constant(0.0))
        _, loss_sum, mse_sum = tf.while_loop(lambda step, *_: step < steps, body, start)
        count = tf.cast(steps, tf.float32)
        divisor = tf.maximum(count, 1.0)
        self._loss_mean.update_state(loss_sum / divisor, sample_weight=count)
        self._mse_mean.update_state(mse_sum / divisor, sample_weight=count)
        return {metric.name: metric.result() for metric in self.metrics}

    def _draw(self, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the images of a step, and what the network sees of them."""
        settings = self._experiment
        # The count of steps since the start of training, which a checkpoint carries on.
        key = tf.stack([self.seed, tf.cast(self.optimizer.iterations, tf.int32)])
        clean = self._taken(rows)
        if settings.mixup:
            # Gathered again: XLA is slower at turning a batch round than at reading it twice.
            clean = mixtures(clean, self._taken(rows[::-1]), settings.mixup, key)
        if settings.shift:
            clean = random_shifts(clean, settings.shift, key)
        noisy = clean
        if settings.sigma:
            noisy = add_noise(clean, settings.sigma, settings.clip_noise, key)
        return clean, noisy

    def _taken(self, rows: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.gather(self._images, rows), tf.float32) / 255.0

    def _loss(self, images: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(keras.losses.get(self._experiment.loss)(images, output))

    def _one_step(self, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        clean, noisy = self._draw(rows)
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
        output = self._unclipped(images, training=True)
        if self._unclipped is self.autoencoder:
            return output
        return clipped_straight_through(output)

    def compile_now(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Compiles the train step, so that epochs can be timed fairly, and takes none.

        Args:
            optimizer: One that is not built yet.
        """
        self.compile(optimizer, self._experiment.loss, jit_compile=self._split is None)
        optimizer.build(self.autoencoder.trainable_variables)
        self.make_train_function()
        batch_size = self._experiment.pace.batch_size
        if self._split is None:
            self.train_function(iter(one_chunk(batch_size, steps=0)))
        else:
            # Programs inside a loop are compiled when it first comes to them.
            variables = [*self.autoencoder.variables, *optimizer.variables]
            values = [variable.numpy() for variable in variables]
            self.train_function(iter(one_chunk(batch_size, steps=1)))
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
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
