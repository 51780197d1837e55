"""Seconds until a network is as good as plain `fit` makes it."""

import contextlib
import dataclasses
import functools
import importlib
import time
from collections.abc import Callable, Generator, Iterable
from multiprocessing.connection import Connection
from typing import NamedTuple

import numpy as np

from kerasae.bench.ways import Images, Reconstruct, Way, kerasae, ways
from kerasae.data.image_data import ImageData
from kerasae.environment import cores
from kerasae.errors import KerasAEError
from kerasae.experiment import Experiment
from kerasae.precision import FLOAT32
from kerasae.reference import SWEEP_EPOCHS
from kerasae.runtime import start_tensorflow
from kerasae.trials.executors import spawned

_FIT = "fit"
# One that is not there in so many times the epochs does not get there.
_MOST = 3


@dataclasses.dataclass(frozen=True)
class TimeToQuality:
    """How long a way takes to the test error that plain `fit` ends at.

    Args:
        network: The widths from image to code.
        way: Name of the way.
        target: That error, a mean squared one.
        seconds: Until the end of the first epoch that is there: PCA, compiling and all else but
            the start of Python and its packages, and the scoring itself. `None` where none is.
        epochs: Epochs until then.
        test_mse: The error then.
    """

    network: str
    way: str
    target: float
    seconds: float | None
    epochs: int
    test_mse: float


class _Epoch(NamedTuple):
    seconds: float
    test_mse: float


def times_to_quality(
    network: str, data: ImageData, *, on_way: Callable[[str], None] = lambda name: None
) -> list[TimeToQuality]:
    """Measures plain `fit`, PyTorch where it is installed, and ours, with all threads.

    Plain `fit` trains the builders' plain stack by Adam at 1e-3 for as many epochs as the report,
    and so does PyTorch, for longer where it has to; ours is what the defaults make of the network.

    Args:
        network: The widths from image to code.
        data: A data set with test images.
        on_way: Called with the name of what is being measured.

    Returns:
        One for each way, plain `fit` first.

    Raises:
        KerasAEError: If a way's process ends before it has been measured.
    """
    _, *hidden, latent = map(int, network.split("-"))
    ours = Experiment(data.name, tuple(hidden), latent, epochs=SWEEP_EPOCHS.get(data.name))
    plain = dataclasses.replace(ours, shortcut=None, validation_split=0.0, precision=FLOAT32)
    plain = data.resolved(plain)
    longer = dataclasses.replace(plain, epochs=_MOST * plain.pace.epochs)
    every = [way for way in ways() if way.threads == cores()]
    (fit,) = (way for way in every if way.name == _FIT)
    torch = [way for way in every if way.name.startswith("torch")]
    own = Way("kerasae", 1, cores(), functools.partial(kerasae, precision=None))
    on_way(f"{network}: {fit.name}, to its end")
    ended = list(_epochs(fit, plain, data))
    target = ended[-1].test_mse
    found = [_reached(network, fit, target, ended)]
    for way, experiment in (*((way, longer) for way in torch), (own, data.resolved(ours, cores()))):
        on_way(f"{network}: {way.name}, until its error is {target:.5f}")
        with contextlib.closing(_epochs(way, experiment, data)) as epochs:
            found.append(_reached(network, way, target, epochs))
    return found


def _reached(network: str, way: Way, target: float, epochs: Iterable[_Epoch]) -> TimeToQuality:
    for number, epoch in enumerate(epochs, 1):
        if epoch.test_mse <= target:
            return TimeToQuality(network, way.name, target, epoch.seconds, number, epoch.test_mse)
    return TimeToQuality(network, way.name, target, None, number, epoch.test_mse)


def _epochs(way: Way, experiment: Experiment, data: ImageData) -> Generator[_Epoch, None, None]:
    """Trains in a process of its own for as long as somebody asks for another epoch."""
    connection, process = spawned(run_epochs, way, experiment, data.train, data.test, daemon=False)
    try:
        for _ in range(experiment.pace.epochs):
            try:
                yield _Epoch(*connection.recv())
            except EOFError:
                raise KerasAEError(f"{way.name}: its process ended before its training") from None
            connection.send("go on")
    finally:
        process.terminate()
        process.join()


def run_epochs(
    connection: Connection, way: Way, experiment: Experiment, train: Images, test: Images
) -> None:
    """Trains, and sends the seconds until the end of each epoch and the test error then."""
    if way.name.startswith("torch"):
        importlib.import_module("torch")
    else:
        start_tensorflow(way.threads)
        for module in ("kerasae.training.train", "sklearn.decomposition"):
            importlib.import_module(module)
    started = time.perf_counter()
    clean = test / np.float32(255)

    def pause(images_per_second: float, reconstruct: Reconstruct | None) -> None:
        nonlocal started
        now = time.perf_counter()
        assert reconstruct is not None
        errors = np.square(reconstruct(test).reshape(clean.shape) - clean)
        connection.send((now - started, float(errors.mean(dtype=np.float64))))
        connection.recv()
        # Scoring takes no time of the training's.
        started += time.perf_counter() - now

    way.train(experiment, train, way.threads, pause)
