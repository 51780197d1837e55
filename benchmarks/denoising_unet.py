"""A small convolutional U-Net as a denoiser, to state what a dense network gives away.

    python benchmarks/denoising_unet.py --dataset mnist --cpu-minutes 5 --data-dir DATA

24, 48 and 96 channels at 28x28, 14x14 and 7x7 pixels, noise of sigma 0.6 that is not clipped,
drawn afresh for every batch; trained by plain Keras `fit` with one thread for the processor time
given, which neighbours on the machine cannot take away. Without `--cpu-minutes` it first trains
the network of `kerasae denoise` with one thread, and takes as long as that. Prints the mean
per-image PSNR on the 10,000 test images, whose noise is fixed by the seed, outputs clipped.
`docs/results.md` has what it printed.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import time

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kerasae.data.datasets import load_dataset
from kerasae.data.image_data import ImageData
from kerasae.noise import noisy_images
from kerasae.presets import denoiser
from kerasae.runs.fitting import fit_run
from kerasae.studies.denoisers import mean_psnr

_BATCH = 128
# Steps in one call of the compiled program; the clock is looked at once per call.
_STEPS = 8


def unet(channels: tuple[int, int, int] = (24, 48, 96)) -> keras.Model:
    """Builds the U-Net: functional, built-in layers, the noisy image to its clean estimate.

    Args:
        channels: Channels at full, half and quarter resolution.

    Returns:
        A model from `(batch, 28, 28, 1)` to the same shape; the last layer is linear.
    """
    layers = keras.layers

    def block(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
        for _ in range(2):
            x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        return x

    image = keras.Input((28, 28, 1))
    full = block(image, channels[0])
    half = block(layers.MaxPooling2D()(full), channels[1])
    x = block(layers.MaxPooling2D()(half), channels[2])
    for width, skip in ((channels[1], half), (channels[0], full)):
        x = layers.Conv2DTranspose(width, 2, strides=2)(x)
        x = block(layers.Concatenate()([x, skip]), width)
    return keras.Model(image, layers.Conv2D(1, 1)(x), name="unet")


class TimeBudget(keras.callbacks.Callback):
    """Lowers the rate along a cosine to zero over the processor time given, then stops training.

    The clock starts at the end of the first call, so that compilation is not counted.

    Args:
        seconds: Processor time to train for, over all threads.
        rate: Learning rate at the start.
    """

    def __init__(self, seconds: float, rate: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._rate = rate
        self._started: float | None = None
        self.images = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if self._started is None:
            self._started = time.process_time()
        self.images += _STEPS * _BATCH
        share = (time.process_time() - self._started) / self._seconds
        if share >= 1:
            self.model.stop_training = True
            self.model.optimizer.learning_rate = 0.0
        else:
            self.model.optimizer.learning_rate = self._rate * (1 + math.cos(math.pi * share)) / 2


def noisy_batches(images: NDArray[np.uint8], sigma: float, seed: int) -> tf.data.Dataset:
    """Makes endless batches of (noisy, clean) images, `(128, 28, 28, 1)`, noise drawn afresh."""

    def add_noise(index: tf.Tensor, batch: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        clean = tf.cast(batch, tf.float32)[..., None] / 255
        key = tf.stack([tf.constant(seed, tf.int64), index])
        return clean + sigma * tf.random.stateless_normal(tf.shape(clean), key), clean

    batches = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images), seed=seed).repeat()
    batches = batches.batch(_BATCH, drop_remainder=True).enumerate()
    return batches.map(add_noise).prefetch(2 * _STEPS)


def dense_minutes(data: ImageData, sigma: float, seed: int) -> float:
    """Trains the dense denoiser; returns the minutes of processor time of all its epochs."""
    times = []
    experiment = dataclasses.replace(denoiser(data.name), sigma=sigma, seed=seed)
    run = fit_run(experiment, data, on_epoch=lambda epoch, logs: times.append(time.process_time()))
    # The first epoch's start is not told, and is compiled before.
    minutes = (times[-1] - times[0]) / (len(times) - 1) * len(times) / 60
    print(
        f"{data.name}, sigma {sigma:g}, {minutes:.1f} minutes of processor time, "
        f"{experiment.epochs} epochs: dense {run.metrics['test_psnr']:.2f} dB"
    )
    return minutes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="mnist", choices=("mnist", "fashion_mnist"))
    parser.add_argument("--data-dir", help="folder of the data; default: Keras' cache")
    parser.add_argument("--cpu-minutes", type=float, help="default: as long as the dense network")
    parser.add_argument("--sigma", type=float, default=0.6)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    data = load_dataset(options.dataset, options.data_dir)
    minutes = options.cpu_minutes or dense_minutes(data, options.sigma, options.seed)
    keras.utils.set_random_seed(options.seed)
    model = unet()
    # XLA's convolutions on the CPU take as long as TensorFlow's own, and half a minute to compile.
    model.compile(
        keras.optimizers.Adam(options.learning_rate), "mse", jit_compile=False,
        steps_per_execution=_STEPS,
    )  # fmt: skip
    budget = TimeBudget(60 * minutes, options.learning_rate)
    batches = noisy_batches(data.train, options.sigma, options.seed)
    # One endless epoch, which the budget ends.
    model.fit(batches, steps_per_epoch=10**6, verbose=0, callbacks=[budget])
    noisy = noisy_images(data.test, options.sigma, options.seed)
    output = model.predict(noisy[..., None], batch_size=500, verbose=0)[..., 0]
    print(
        f"{options.dataset}, sigma {options.sigma:g}, {minutes:.1f} minutes of processor time, "
        f"{budget.images:,} images: noisy {mean_psnr(data.test, noisy):.2f} dB, "
        f"U-Net {mean_psnr(data.test, np.clip(output, 0, 1)):.2f} dB"
    )


if __name__ == "__main__":
    main()
