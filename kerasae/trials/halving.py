"""Successive halving: which trials go on at each rung.

Jamieson & Talwalkar (2016), "Non-stochastic best arm identification", with a halving at a
quarter and at half of the epochs. A rung is decided once all its trials have reached it, by
their scores alone, so what is stopped does not depend on how many workers there are or when
the sweep was interrupted. What competes are cells, within the same data set and latent dimension:
a cell is the trials that differ in their seed alone, which go on or are stopped together.
"""

import dataclasses
import itertools
import math
import statistics
from collections.abc import Collection, Mapping, Sequence

from kerasae.errors import InvalidSetting
from kerasae.experiment import Experiment

# Validation MSE by trial and rung.
RungScores = Mapping[str, Mapping[int, float]]


@dataclasses.dataclass(frozen=True)
class Step:
    """What a group of trials does next.

    Args:
        until: The rung to train to, in epochs; `None` is the end.
        names: The trials that go on.
        stopped: The trials that do not, with the epoch of the rung they fell at.
    """

    until: int | None
    names: tuple[str, ...]
    stopped: dict[str, int]


def rungs(epochs: int) -> tuple[int, ...]:
    """Returns the epochs after which half of the cells is stopped.

    Example:

    >>> rungs(10), rungs(2), rungs(1)
    ((3, 5), (1,), ())
    """
    shares = (math.ceil(epochs / 4), math.ceil(epochs / 2))
    return tuple(sorted({rung for rung in shares if rung < epochs}))


def planned_steps(cells: int, epochs: int) -> list[tuple[int, int]]:
    """Returns how many cells train until each rung and until the end.

    Args:
        cells: Cells that compete with each other.
        epochs: Epochs of each trial.

    Example:

    >>> planned_steps(5, 8)
    [(2, 5), (4, 3), (8, 2)]
    """
    steps = []
    for end in (*rungs(epochs), epochs):
        steps.append((end, cells))
        cells = math.ceil(cells / 2)
    return steps


def next_step(
    cells: Sequence[Sequence[str]], epochs: int, scores: RungScores, failed: Collection[str]
) -> Step:
    """Decides what a group does next.

    Args:
        cells: The group's trials by cell, in planned order, which breaks ties.
        epochs: Epochs of each.
        scores: Validation MSE by trial and rung, as far as they are known; a cell has the mean.
        failed: Trials that cannot go on. What they scored before still counts.

    Returns:
        The `Step`; of its trials, those that already have a score at `until` need no work.

    Example:

    >>> scores = {"a0": {1: 0.1}, "a1": {1: 0.5}, "b0": {1: 0.2}, "b1": {1: 0.2}}
    >>> next_step([("a0", "a1"), ("b0", "b1")], 2, scores, ())
    Step(until=None, names=('b0', 'b1'), stopped={'a0': 1, 'a1': 1})
    """
    alive = [cell for cell in cells if not set(cell) <= set(failed)]
    stopped: dict[str, int] = {}

    def going_on(cells: Sequence[Sequence[str]]) -> tuple[str, ...]:
        return tuple(name for name in itertools.chain(*cells) if name not in failed)

    for rung in rungs(epochs):
        if any(rung not in scores.get(name, {}) for name in going_on(alive)):
            return Step(rung, going_on(alive), stopped)
        means = [
            statistics.fmean(scores[name][rung] for name in cell if rung in scores.get(name, {}))
            for cell in alive
        ]
        ranked = sorted(range(len(alive)), key=means.__getitem__)
        kept = set(ranked[: math.ceil(len(ranked) / 2)])
        weak = [cell for number, cell in enumerate(alive) if number not in kept]
        stopped |= dict.fromkeys(going_on(weak), rung)
        alive = [cell for number, cell in enumerate(alive) if number in kept]
    return Step(None, going_on(alive), stopped)


def check_halving(experiment: Experiment) -> None:
    """Checks that trials can be compared at the rungs.

    Raises:
        InvalidSetting: If no images are held out, or trials may end earlier by themselves.
    """
    experiment.check_validation()
    if experiment.patience is not None:
        raise InvalidSetting("patience", experiment.patience, "none with early stop by halving")
