"""The ways of training that `kerasae bench` compares, each run in a process of its own."""

import dataclasses
import functools
import importlib.util
import itertools
import time
import timeit
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerasae.environment import cores
from kerasae.experiment import Experiment
from kerasae.model_outputs import outputs
from kerasae.precision import BFLOAT16, FLOAT32, Precision
from kerasae.runtime import start_tensorflow

PRODUCT = "largest matrix product"
_TORCH = {"torch eager": False, "torch.compile": True}
# Square products of these sizes; the limit is the best of them, by TensorFlow and by NumPy.
_SIZES = (1024, 2048, 4096)
_STEPS_PER_EXECUTION = 100
Images = NDArray[np.uint8]
# Makes reconstructions, in [0, 1], of images.
Reconstruct = Callable[[Images], NDArray[np.floating]]
# Called after each epoch with its images per second and the network as it is; returns when the
# next epoch may start.
Pause = Callable[[float, Reconstruct | None], None]


class Way(NamedTuple):
    """A way of training, in so many processes of so many threads."""

    name: str
    processes: int
    threads: int
    train: Callable[[Experiment, Images, int, Pause], None]


Available = Callable[[str], object]


def ways(available: Available = importlib.util.find_spec) -> list[Way]:
    """Returns the ways this machine can be measured with: the limit first, `float32` first."""
    return [way for precision in (FLOAT32, BFLOAT16) for way in _ways(precision, available)]


def skipped(available: Available = importlib.util.find_spec) -> dict[str, str]:
    """Returns the ways that it cannot be measured with, and why."""
    names = [] if available("torch") else list(_TORCH)
    return dict.fromkeys(names, "PyTorch is not installed")


def named(name: str, precision: Precision) -> str:
    """Returns a way's name with its precision, which is not told where it is `float32`."""
    return name if precision == FLOAT32 else f"{name}, {precision}"


def _ways(precision: Precision, available: Available) -> list[Way]:
    count = cores()
    own = {"precision": precision}
    jit = {"jit_compile": True, "steps_per_execution": _STEPS_PER_EXECUTION}
    kinds: list[tuple[str, int, int, Callable[..., None], dict[str, Any]]] = [
        (PRODUCT, 1, count, _largest_product, {}),
        ("fit", 1, count, _keras_fit, {}),
        ("fit, jit, 100 steps a call", 1, count, _keras_fit, jit),
        ("kerasae, 1 thread", 1, 1, kerasae, {}),
        ("kerasae, all threads", 1, count, kerasae, {}),
        ("kerasae, 1 process per core", count, 1, kerasae, {}),
    ]
    if available("torch"):
        for name, compiled in _TORCH.items():
            for title, threads in ((f"{name}, 1 thread", 1), (name, count)):
                kinds.append((title, 1, threads, _torch_loop, {"compiled": compiled}))
    return [
        Way(named(name, precision), processes, threads, functools.partial(train, **own, **options))
        for name, processes, threads, train, options in kinds
    ]


def run_way(connection: Connection, way: Way, experiment: Experiment, images: int) -> None:
    """Trains epoch by epoch, each when told so, and sends the images per second of each.

    The first epoch, which compiles and warms up, needs no word.
    """
    if not way.name.startswith("torch"):
        start_tensorflow(way.threads, lean=True)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (images, 28, 28), np.uint8)

    def pause(images_per_second: float, reconstruct: Reconstruct | None) -> None:
        connection.send(images_per_second)
        connection.recv()

    way.train(experiment, pixels, way.threads, pause)


def _largest_product(
    experiment: Experiment, images: Images, threads: int, pause: Pause, *, precision: Precision
) -> None:
    """Not a training: multiplies matrices, and reports operations per second."""
    import tensorflow as tf
    from threadpoolctl import threadpool_limits

    random = np.random.default_rng(0)
    with threadpool_limits(threads):
        arrays = [random.standard_normal((n, n), np.float32) for n in _SIZES]
        tensors = [tf.cast(array, precision) for array in arrays]
        while True:
            best = 0.0
            for n, array, tensor in zip(_SIZES, arrays, tensors, strict=True):
                repeats = (_SIZES[-1] // n) ** 2
                # NumPy has no other precision.
                ours = [lambda a=array: a @ a] if precision == FLOAT32 else []
                for multiply in (*ours, lambda t=tensor: tf.matmul(t, t).numpy()):
                    multiply()
                    seconds = timeit.timeit(multiply, number=repeats)
                    best = max(best, repeats * 2.0 * n**3 / seconds)
            pause(best, None)


def kerasae(
    experiment: Experiment,
    images: Images,
    threads: int,
    pause: Pause,
    *,
    precision: Precision | None,
) -> None:
    """Our own; in no given precision, the experiment's."""
    import keras

    from kerasae.data.image_data import ImageData
    from kerasae.training.train import train

    keeper = keras.callbacks.Callback()

    def reconstruct(some: Images) -> NDArray[np.floating]:
        return outputs(keeper.model.autoencoder, some / np.float32(255))

    train(
        dataclasses.replace(experiment, precision=precision or experiment.precision),
        ImageData.from_arrays(images, name=experiment.dataset),
        on_epoch=lambda epoch, logs: pause(logs["images_per_second"], reconstruct),
        callbacks=[keeper],
    )


def _keras_fit(
    experiment: Experiment,
    images: Images,
    threads: int,
    pause: Pause,
    *,
    precision: Precision,
    **options: Any,
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
            pause(len(images) / (time.perf_counter() - self.started), reconstruct)

    def reconstruct(some: Images) -> NDArray[np.floating]:
        return outputs(model, some / np.float32(255))

    if precision == BFLOAT16:
        keras.config.set_dtype_policy("mixed_bfloat16")
    model = autoencoder(
        (28, 28), experiment.hidden_dims, experiment.latent_dim, activation=experiment.activation
    )
    model.compile("adam", "mse", **options)
    x = images.astype(np.float32) / 255
    model.fit(
        x, x, batch_size=experiment.pace.batch_size, epochs=experiment.pace.epochs, verbose=0,
        callbacks=[Measure()],
    )  # fmt: skip


def _torch_loop(
    experiment: Experiment,
    images: Images,
    threads: int,
    pause: Pause,
    *,
    precision: Precision,
    compiled: bool,
) -> None:
    """Images in memory as one tensor of floats, Adam in its fused form; autocast to bfloat16.

    Weights start as Keras starts them: PyTorch's own, smaller ones have not reached after 30 epochs
    of MNIST what plain `fit` reaches in 10, which would compare initializers.
    """
    import torch

    torch.set_num_threads(threads)
    inwards = [images[0].size, *experiment.hidden_dims, experiment.latent_dim]
    gelus = [torch.nn.GELU()] * len(experiment.hidden_dims)
    pairs = itertools.pairwise([*inwards, *inwards[-2::-1]])
    linear = [torch.nn.Linear(inputs, outputs) for inputs, outputs in pairs]
    for layer in linear:
        torch.nn.init.xavier_uniform_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    activations = [*gelus, torch.nn.Identity(), *gelus, torch.nn.Sigmoid()]
    model = torch.nn.Sequential(*itertools.chain(*zip(linear, activations, strict=True)))
    x = torch.from_numpy(images.reshape(len(images), -1).astype(np.float32) / 255)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)

    def step(batch: Any) -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == BFLOAT16):
            loss = torch.nn.functional.mse_loss(model(batch), batch)
        loss.backward()
        optimizer.step()

    def reconstruct(some: Images) -> NDArray[np.floating]:
        pixels = torch.from_numpy(some.reshape(len(some), -1) / np.float32(255))
        with torch.no_grad():
            return np.asarray(model(pixels)).reshape(some.shape)

    if compiled:
        model.compile()
    batch_size = experiment.pace.batch_size
    batches = whole_batches(len(x), batch_size)
    for _ in range(experiment.pace.epochs):
        started = time.perf_counter()
        order = torch.randperm(len(x))
        for batch in batches:
            step(x[order[batch]])
        pause(len(batches) * batch_size / (time.perf_counter() - started), reconstruct)


def whole_batches(images: int, size: int) -> list[slice]:
    """Returns the batches of an epoch, which leaves out what does not fill a last one.

    Example:

    >>> whole_batches(7, 3)
    [slice(0, 3, None), slice(3, 6, None)]
    """
    return [slice(start, start + size) for start in range(0, images - size + 1, size)]
