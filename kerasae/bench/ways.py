"""The ways of training that `kerasae bench` compares, each run in a process of its own."""

import functools
import itertools
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerasae.experiment import Experiment
from kerasae.runtime import start_tensorflow

PRODUCT = "largest matrix product"
# Square products of these sizes; the limit is the best of them, by TensorFlow and by NumPy.
_SIZES = (1024, 2048, 4096)
_STEPS_PER_EXECUTION = 100
# Called after each epoch with its images per second; returns when the next may start.
Pause = Callable[[float], None]


def run_way(
    name: str, threads: int, experiment: Experiment, images: int, connection: Connection
) -> None:
    """Trains epoch by epoch, each when told so, and sends the images per second of each.

    The first epoch, which compiles and warms up, needs no word.
    """
    if not name.startswith("torch"):
        start_tensorflow(threads, lean=True)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (images, 28, 28), np.uint8)

    def pause(images_per_second: float) -> None:
        connection.send(images_per_second)
        connection.recv()

    EPOCHS[name](experiment, pixels, threads, pause)


def _largest_product(
    experiment: Experiment, images: NDArray[np.uint8], threads: int, pause: Pause
) -> None:
    """Not a training: multiplies matrices, and reports operations per second."""
    import tensorflow as tf
    from threadpoolctl import threadpool_limits

    random = np.random.default_rng(0)
    with threadpool_limits(threads):
        arrays = [random.standard_normal((n, n), np.float32) for n in _SIZES]
        tensors = [tf.constant(array) for array in arrays]
        while True:
            best = 0.0
            for array, tensor in zip(arrays, tensors, strict=True):
                for multiply in (
                    lambda a=array: a @ a,
                    lambda t=tensor: tf.matmul(t, t).numpy(),
                ):
                    multiply()
                    started = time.perf_counter()
                    repeats = (_SIZES[-1] // len(array)) ** 2
                    for _ in range(repeats):
                        multiply()
                    seconds = time.perf_counter() - started
                    best = max(best, repeats * 2.0 * len(array) ** 3 / seconds)
            pause(best)


def _kerasae(experiment: Experiment, images: NDArray[np.uint8], threads: int, pause: Pause) -> None:
    from kerasae.data.image_data import ImageData
    from kerasae.training.train import train

    train(
        experiment,
        ImageData.from_arrays(images),
        on_epoch=lambda epoch, logs: pause(logs["images_per_second"]),
    )


def _keras_fit(
    experiment: Experiment, images: NDArray[np.uint8], threads: int, pause: Pause, **options: Any
) -> None:
    """`fit` as everyone writes it: arrays of floats, a compiled model."""
    import keras

    from kerasae.models import autoencoder

    class Measure(keras.callbacks.Callback):
        """Times the steps of an epoch alone.

        Before them `fit` lets go of the last epoch's iterator, which can wait for seconds, even
        a minute, until tf.data's tuning thread wakes up. That would flatter every other way.
        """

        def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            if batch == 0:
                self.started = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            pause(len(images) / (time.perf_counter() - self.started))

    model = autoencoder(
        (28, 28), experiment.hidden_dims, experiment.latent_dim, activation=experiment.activation
    )
    model.compile("adam", "mse", **options)
    x = images.astype(np.float32) / 255
    model.fit(
        x, x, batch_size=experiment.batch_for(len(x)), epochs=experiment.epochs, verbose=0,
        callbacks=[Measure()],
    )  # fmt: skip


def _torch_loop(
    experiment: Experiment,
    images: NDArray[np.uint8],
    threads: int,
    pause: Pause,
    *,
    compiled: bool,
) -> None:
    """Images in memory as one tensor of floats, Adam in its fused form."""
    import torch

    torch.set_num_threads(threads)
    widths = [images[0].size, *experiment.hidden_dims, experiment.latent_dim]
    widths += widths[-2::-1]
    layers: list[Any] = []
    for number, (inputs, outputs) in enumerate(itertools.pairwise(widths), 1):
        layers.append(torch.nn.Linear(inputs, outputs))
        if outputs == widths[-1] and number == len(widths) - 1:
            layers.append(torch.nn.Sigmoid())
        elif outputs != experiment.latent_dim:
            layers.append(torch.nn.GELU())
    model = torch.nn.Sequential(*layers)
    x = torch.from_numpy(images.reshape(len(images), -1).astype(np.float32) / 255)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)

    def step(batch: Any) -> None:
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.mse_loss(model(batch), batch).backward()
        optimizer.step()

    if compiled:
        model.compile()
    batch_size = experiment.batch_for(len(x))
    batches = whole_batches(len(x), batch_size)
    for _ in range(experiment.epochs):
        started = time.perf_counter()
        order = torch.randperm(len(x))
        for batch in batches:
            step(x[order[batch]])
        pause(len(batches) * batch_size / (time.perf_counter() - started))


def whole_batches(images: int, size: int) -> list[slice]:
    """Returns the batches of an epoch, which leaves out what does not fill a last one.

    Example:

    >>> whole_batches(7, 3)
    [slice(0, 3, None), slice(3, 6, None)]
    """
    return [slice(start, start + size) for start in range(0, images - size + 1, size)]


EPOCHS: dict[str, Callable[[Experiment, NDArray[np.uint8], int, Pause], None]] = {
    PRODUCT: _largest_product,
    "fit": _keras_fit,
    "fit, jit, 100 steps a call": functools.partial(
        _keras_fit, jit_compile=True, steps_per_execution=_STEPS_PER_EXECUTION
    ),
    "kerasae, 1 thread": _kerasae,
    "kerasae, all threads": _kerasae,
    "kerasae, 1 process per core": _kerasae,
    "torch eager": functools.partial(_torch_loop, compiled=False),
    "torch.compile": functools.partial(_torch_loop, compiled=True),
}
