"""What a sweep would take: time, memory and disk, before it is begun."""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import time
from collections.abc import Iterable, Iterator, Sequence

from kerasae.data.image_data import ImageData
from kerasae.experiment import Experiment
from kerasae.memory import FLOAT, SLOTS, network_weights, weights_bytes
from kerasae.runtime import start_tensorflow
from kerasae.training.checkpoints import CHECKPOINTS_KEPT
from kerasae.trials.grid import Grid, Sweep
from kerasae.trials.halving import planned_steps

# Bytes of a process that trains, TensorFlow and its compiled programs, without any weights.
WORKER = 700 << 20
# Bytes of a trial's files beside the weights in them.
FILES = 70 << 10
_TIMED_STEPS = 16
_TIMED_EPOCHS = 3
# To score an image takes a forward pass, a third of a step; as many training images are
# scored after each epoch as are held out.
_SCORING = 2 / 3


@dataclasses.dataclass(frozen=True)
class Reckoning:
    """What a sweep would take.

    Args:
        trials: Number of trials.
        at_once: Trials at once.
        seconds: From the beginning to the end of training.
        memory_bytes: Of all processes together.
        disk_bytes: At most at a time, with checkpoints and the images that workers share.
        left_bytes: What is left of that at the end.
    """

    trials: int
    at_once: int
    seconds: float
    memory_bytes: int
    disk_bytes: int
    left_bytes: int


@dataclasses.dataclass(frozen=True)
class Timing:
    """How long a network took in a short training.

    Args:
        weights: How many it has.
        per_image: Seconds of a training step for each of its images.
        setup: Seconds to build and compile it.
    """

    weights: int
    per_image: float
    setup: float


@dataclasses.dataclass(frozen=True)
class Timings:
    """What the time of a sweep follows from.

    Args:
        start: Seconds to start TensorFlow.
        networks: The smallest network and the largest one, or the only one.
    """

    start: float
    networks: Sequence[Timing]


def time_networks(sweep: Sweep, data: ImageData) -> Timings:
    """Trains the smallest and the largest network of a sweep for a few steps, with one thread.

    Args:
        sweep: The grid.
        data: The images, of which the first are taken.
    """
    grid = sweep.resolved(data).trials()
    sizes = dict(zip(_sizes(grid, sweep.base, data), range(0, len(grid), grid.each), strict=True))
    began = time.perf_counter()
    start_tensorflow(threads=1)
    start = time.perf_counter() - began
    ends = sorted({min(sizes), max(sizes)})
    return Timings(start, [_timing(grid[sizes[size]].experiment, data, size) for size in ends])


def reckon(
    sweep: Sweep,
    data: ImageData,
    at_once: int,
    timings: Timings,
    *,
    keep: int | None = None,
    halving: bool = False,
) -> Reckoning:
    """Reckons what a sweep would take.

    Args:
        sweep: The grid.
        data: The images.
        at_once: Trials at once, each with a core of its own.
        timings: What `time_networks` has measured.
        keep: How many models are kept; `None` for all.
        halving: Whether weak trials are stopped early.

    Returns:
        The `Reckoning`. The time is a rough one: it knows nothing of what else the machine does.
    """
    sweep = sweep.resolved(data)
    trials = sweep.trials()
    at_once = min(at_once, len(trials))
    # Each number is there once, however many trials have it.
    sizes = [size for size in _sizes(trials, sweep.base, data) for _ in range(trials.each)]
    cells = len(sweep.networks) * len(sweep.learning_rates)
    epochs = sweep.base.pace.epochs
    steps = planned_steps(cells, epochs) if halving else [(epochs, cells)]
    parts = data.parts(sweep.base.validation_split)
    images = mean_epochs(steps) * (len(parts.train) + _SCORING * len(parts.validation))
    times = {size: trial_seconds(size, timings.networks, images) for size in set(sizes)}
    finishing = len(trials) * steps[-1][1] // cells
    left = disk_left(sizes, finishing if keep is None else min(keep, finishing))
    # All of a group are at a rung before any of them goes on.
    on_the_way = len(trials) if len(steps) > 1 else at_once
    shared = data.train.nbytes + data.test.nbytes
    return Reckoning(
        trials=len(trials),
        at_once=at_once,
        seconds=timings.start + longest_first((times[size] for size in sizes), at_once),
        memory_bytes=shared + memory(sizes, sweep.base.optimizer, at_once),
        disk_bytes=shared + left + checkpoint_bytes(sizes, sweep.base.optimizer, on_the_way),
        left_bytes=left,
    )


def _sizes(grid: Grid, base: Experiment, data: ImageData) -> Iterator[int]:
    """Yields the weights of each network of a grid."""
    for hidden_dims, code in grid.networks():
        yield network_weights(hidden_dims, code, base.shortcut, data.pixels)


def memory(sizes: Sequence[int], optimizer: str, at_once: int) -> int:
    """Returns the bytes of the processes that train the largest networks at once.

    One more process waits; for the weights see `weights_bytes`.

    Args:
        sizes: Number of weights of each trial.
        optimizer: Name of the optimizer.
        at_once: Processes that train.
    """
    largest = sum(heapq.nlargest(at_once, sizes))
    return (at_once + 1) * WORKER + weights_bytes(largest, optimizer)


def disk_left(sizes: Sequence[int], models: int) -> int:
    """Returns the bytes that are left when so many models, the largest ones, are kept.

    Args:
        sizes: Number of weights of each trial.
        models: Models that are kept.
    """
    return len(sizes) * FILES + FLOAT * sum(heapq.nlargest(models, sizes))


def checkpoint_bytes(sizes: Sequence[int], optimizer: str, trials: int) -> int:
    """Returns the bytes of the checkpoints of so many trials, the largest ones.

    Each has the weights, the best ones so far and what the optimizer keeps, in the checkpoints
    that are kept and one that is being written.

    Args:
        sizes: Number of weights of each trial.
        optimizer: Name of the optimizer.
        trials: Trials that are on the way.
    """
    values = (CHECKPOINTS_KEPT + 1) * (2 + SLOTS[optimizer])
    return FLOAT * values * sum(heapq.nlargest(trials, sizes))


def mean_epochs(steps: Sequence[tuple[int, int]]) -> float:
    """Returns the epochs of a trial in the mean, where fewer and fewer of them go on.

    Args:
        steps: See `halving.planned_steps`.

    Example:

    >>> mean_epochs([(2, 4), (4, 2), (8, 1)])
    4.0
    """
    ends = [0, *(end for end, _ in steps)]
    each = zip(itertools.pairwise(ends), steps, strict=True)
    return sum((end - begin) * alive for (begin, end), (_, alive) in each) / steps[0][1]


def trial_seconds(weights: int, timings: Sequence[Timing], images: float) -> float:
    """Returns how long a trial takes, between the smallest and the largest one that were timed.

    Args:
        weights: Number of its weights.
        timings: Those of the smallest and the largest network; one where they are the same.
        images: Images that it is trained on in all its epochs.

    Example:

    >>> timings = [Timing(100, 0.25, 2.0), Timing(300, 0.75, 4.0)]
    >>> trial_seconds(200, timings, images=10)
    8.0
    """
    least, most = timings[0], timings[-1]
    span = most.weights - least.weights
    share = (weights - least.weights) / span if span else 0.0

    def between(low: float, high: float) -> float:
        # What is larger does not take less; the clock of a busy machine may say so.
        return low + share * max(0.0, high - low)

    setup = between(least.setup, most.setup)
    return setup + images * between(least.per_image, most.per_image)


def longest_first(seconds: Iterable[float], at_once: int) -> float:
    """Returns when the last of some trials ends, if the longest are started first.

    Example:

    >>> longest_first([1.0, 2.0, 3.0], at_once=2)
    3.0
    """
    ends = [0.0] * at_once
    for one in sorted(seconds, reverse=True):
        heapq.heapreplace(ends, ends[0] + one)
    return max(ends)


def _timing(experiment: Experiment, data: ImageData, weights: int) -> Timing:
    from kerasae.training.train import train

    part = data.parts(experiment.validation_split).train
    rows = part.rows[: _TIMED_STEPS * experiment.pace.batch_size]
    # PCA of a few images would have too few components; a path at random takes as long.
    short = dataclasses.replace(
        experiment,
        epochs=_TIMED_EPOCHS,
        validation_split=0.0,
        patience=None,
        shortcut=experiment.shortcut and "linear",
    )
    rates: list[float] = []
    trained = train(
        short,
        ImageData.from_arrays(part.images[rows]),
        on_epoch=lambda epoch, logs: rates.append(logs["images_per_second"]),
    )
    times = trained.times()
    return Timing(weights, 1 / max(rates), times["seconds"] - times["train_seconds"])
