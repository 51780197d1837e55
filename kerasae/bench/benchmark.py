"""Measures training speed as ratios: ours, Keras' and PyTorch's ways, and the machine's limit.

Absolute times say little on a shared machine. All ways are therefore set up first, each in
processes of its own, and then take turns, an epoch each, in several rounds.
"""

import contextlib
import dataclasses
import importlib.util
import itertools
import multiprocessing
import statistics
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection

from kerasae.bench import IMAGES, ROUNDS
from kerasae.bench.ways import PRODUCT, run_way
from kerasae.environment import cores
from kerasae.errors import KerasAEError
from kerasae.experiment import BATCH_SIZE, Experiment

NETWORKS: dict[str, tuple[int, ...]] = {
    "784-256-100": (256, 100),
    "784-1024-512-100": (1024, 512, 100),
    "784-1000-500-250-30": (1000, 500, 250, 30),
}
_PIXELS = 784


@dataclasses.dataclass(frozen=True)
class Way:
    """A way of training, in so many processes of so many threads."""

    name: str
    processes: int
    threads: int


@dataclasses.dataclass(frozen=True)
class Speed:
    """How fast a way trains a network: medians over the rounds.

    Args:
        network: The widths from image to code.
        way: Name of the way.
        images_per_second: Images trained on, all processes together.
        gflops: Billions of floating-point operations per second, counted as six per weight
            and image (two each for the output, the weights' and the inputs' gradient).
        needed_gflops: The same without the gradient of the image, which nobody computes.
        of_limit: `gflops` over that of the machine's largest matrix product, round by round.
        of_plain_fit: Speed over that of plain `fit`, round by round.
    """

    network: str
    way: str
    images_per_second: float
    gflops: float
    needed_gflops: float
    of_limit: float
    of_plain_fit: float


def ways(available: Callable[[str], object] = importlib.util.find_spec) -> list[Way]:
    """Returns the ways this machine can be measured with, the limit first."""
    count = cores()
    found = [
        Way(PRODUCT, 1, count),
        Way("fit", 1, count),
        Way("fit, jit, 100 steps a call", 1, count),
        Way("kerasae, 1 thread", 1, 1),
        Way("kerasae, all threads", 1, count),
        Way("kerasae, 1 process per core", count, 1),
    ]
    if available("torch"):
        found += [Way("torch eager", 1, count), Way("torch.compile", 1, count)]
    return found


def measure_network(
    network: str,
    *,
    images: int = IMAGES,
    rounds: int = ROUNDS,
    batch_size: int = BATCH_SIZE,
    on_way: Callable[[str], None] = lambda name: None,
) -> list[Speed]:
    """Measures every way on one network.

    Args:
        network: A key of `NETWORKS`.
        images: Images in an epoch; random ones, for speed does not depend on them.
        rounds: Epochs of each way, taken in turns.
        batch_size: Images per step of every way.
        on_way: Called with the name of what is being measured.

    Returns:
        One `Speed` per way.

    Raises:
        InvalidSetting: If a batch is larger than an epoch.
        KerasAEError: If a way's process ends before it has been measured.
    """
    *hidden, latent = NETWORKS[network]
    experiment = Experiment(
        "random",
        tuple(hidden),
        latent,
        shortcut=None,
        validation_split=0.0,
        epochs=rounds + 1,
        batch_size=batch_size,
    )
    experiment.batch_for(images)
    chosen = ways()
    rates: dict[str, list[float]] = {way.name: [] for way in chosen}
    with contextlib.ExitStack() as stack:
        runners = {}
        for way in chosen:
            on_way(f"{network}: {way.name}, warming up")
            runners[way.name] = stack.enter_context(_started(way, experiment, images))
        for number, way in itertools.product(range(rounds), chosen):
            on_way(f"{network}: {way.name}, round {number + 1} of {rounds}")
            rates[way.name].append(_one_epoch(way, runners[way.name]))
    return [_speed(network, way.name, rates) for way in chosen]


@contextlib.contextmanager
def _started(way: Way, experiment: Experiment, images: int) -> Iterator[list[Connection]]:
    spawn = multiprocessing.get_context("spawn")
    connections, processes = [], []
    try:
        for _ in range(way.processes):
            ours, theirs = spawn.Pipe()
            process = spawn.Process(
                target=run_way, args=(way.name, way.threads, experiment, images, theirs)
            )
            process.start()
            theirs.close()
            connections.append(ours)
            processes.append(process)
        for connection in connections:
            _receive(way, connection)
        yield connections
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _one_epoch(way: Way, connections: Sequence[Connection]) -> float:
    for connection in connections:
        connection.send("go")
    return sum(_receive(way, connection) for connection in connections)


def _receive(way: Way, connection: Connection) -> float:
    try:
        rate: float = connection.recv()
    except EOFError:
        raise KerasAEError(f"{way.name}: its process ended before it was measured") from None
    return rate


def _speed(network: str, way: str, rates: dict[str, list[float]]) -> Speed:
    weights, first = _weights(network)
    operations = 1.0 if way == PRODUCT else 6.0 * weights
    limit, plain = rates[PRODUCT], rates["fit"]
    mine = rates[way]
    rate = statistics.median(mine)
    needed = operations if way == PRODUCT else operations - 2.0 * first
    return Speed(
        network,
        way,
        0.0 if way == PRODUCT else rate,
        rate * operations / 1e9,
        rate * needed / 1e9,
        statistics.median(a * operations / b for a, b in zip(mine, limit, strict=True)),
        statistics.median(
            a * operations / (b * 6.0 * weights) for a, b in zip(mine, plain, strict=True)
        ),
    )


def _weights(network: str) -> tuple[int, int]:
    """Weights of both halves of a network without biases, and those of the first layer."""
    widths = (_PIXELS, *NETWORKS[network])
    pairs = [a * b for a, b in itertools.pairwise(widths)]
    return 2 * sum(pairs), pairs[0]
