"""Measures training speed as ratios: ours, Keras' and PyTorch's ways, and the machine's limit.

Absolute times say little on a shared machine. All ways are therefore set up first, each in
processes of its own, and then take turns, an epoch each, in several rounds.
"""

import contextlib
import dataclasses
import itertools
import statistics
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection

from kerasae.bench import BATCH_SIZE, IMAGES, ROUNDS
from kerasae.bench.ways import PRODUCT, Way, named, run_way, ways
from kerasae.errors import KerasAEError
from kerasae.experiment import Experiment
from kerasae.precision import BFLOAT16
from kerasae.trials.executors import spawned


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
        slowest: The least images per second of a round.
        fastest: The most of a round.
        of_limit: `gflops` over that of the machine's largest `float32` product, round by round.
        of_bfloat16_limit: The same of its largest `bfloat16` product.
        of_plain_fit: Speed over that of plain `fit` in `float32`, round by round.
    """

    network: str
    way: str
    images_per_second: float
    gflops: float
    needed_gflops: float
    slowest: float
    fastest: float
    of_limit: float
    of_bfloat16_limit: float
    of_plain_fit: float


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
        network: One of `bench.NETWORKS`.
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
    _, *hidden, latent = map(int, network.split("-"))
    experiment = Experiment(
        "random",
        tuple(hidden),
        latent,
        shortcut=None,
        validation_split=0.0,
        epochs=rounds + 1,
        batch_size=batch_size,
    )
    experiment = experiment.resolved(images, 784)
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
    # No daemons, for PyTorch compiles in processes of its own.
    started = [
        spawned(run_way, way, experiment, images, daemon=False) for _ in range(way.processes)
    ]
    try:
        connections = [connection for connection, _ in started]
        for connection in connections:
            _receive(way, connection)
        yield connections
    finally:
        for _, process in started:
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
    mine = rates[way]
    rate = statistics.median(mine)
    # The limit is given in operations already.
    is_limit = way.startswith(PRODUCT)
    operations, unneeded = (1.0, 0.0) if is_limit else (6.0 * weights, 2.0 * first)
    of_limit, of_other = (
        statistics.median(a * operations / b for a, b in zip(mine, rates[limit], strict=True))
        for limit in (PRODUCT, named(PRODUCT, BFLOAT16))
    )
    of_fit = [a * operations / (b * 6.0 * weights) for a, b in zip(mine, rates["fit"], strict=True)]
    return Speed(
        network,
        way,
        images_per_second=0.0 if is_limit else rate,
        gflops=rate * operations / 1e9,
        needed_gflops=rate * (operations - unneeded) / 1e9,
        slowest=0.0 if is_limit else min(mine),
        fastest=0.0 if is_limit else max(mine),
        of_limit=of_limit,
        of_bfloat16_limit=of_other,
        of_plain_fit=statistics.median(of_fit),
    )


def _weights(network: str) -> tuple[int, int]:
    """Weights of both halves of a network without biases, and those of the first layer."""
    widths = map(int, network.split("-"))
    pairs = [a * b for a, b in itertools.pairwise(widths)]
    return 2 * sum(pairs), pairs[0]
