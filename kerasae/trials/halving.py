"""Successive halving: which trials go on at each rung.

Jamieson & Talwalkar (2016), "Non-stochastic best arm identification", with a halving at a
quarter and at half of the epochs. A rung is decided once all its trials have reached it, by
their scores alone, so what is stopped does not depend on how many workers there are or when
the sweep was interrupted. Trials compete with those of the same data set and latent dimension.
"""

import dataclasses
import math
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
    """Returns the epochs after which half of the trials is stopped.

    Example:

    >>> rungs(10), rungs(2), rungs(1)
    ((3, 5), (1,), ())
    """
    shares = (math.ceil(epochs / 4), math.ceil(epochs / 2))
    return tuple(sorted({rung for rung in shares if rung < epochs}))


def next_step(
    names: Sequence[str], epochs: int, scores: RungScores, failed: Collection[str]
) -> Step:
    """Decides what a group does next.

    Args:
        names: The group's trials, in planned order, which breaks ties.
        epochs: Epochs of each.
        scores: Validation MSE by trial and rung, as far as they are known.
        failed: Trials that cannot go on.

    Returns:
        The `Step`; of its trials, those that already have a score at `until` need no work.

    Example:

    >>> next_step("abc", 2, {"a": {1: 0.3}, "b": {1: 0.1}, "c": {1: 0.2}}, ())
    Step(until=None, names=('b', 'c'), stopped={'a': 1})
    """
    alive = [name for name in names if name not in failed]
    stopped: dict[str, int] = {}
    for rung in rungs(epochs):
        if any(rung not in scores.get(name, {}) for name in alive):
            return Step(rung, tuple(alive), stopped)
        ranked = sorted(alive, key=lambda name: scores[name][rung])
        kept = set(ranked[: math.ceil(len(ranked) / 2)])
        stopped |= {name: rung for name in alive if name not in kept}
        alive = [name for name in alive if name in kept]
    return Step(None, tuple(alive), stopped)


def check_halving(experiment: Experiment) -> None:
    """Checks that trials can be compared at the rungs.

    Raises:
        InvalidSetting: If no images are held out, or trials may end earlier by themselves.
    """
    experiment.check_validation()
    if experiment.patience is not None:
        raise InvalidSetting("patience", experiment.patience, "none with early stop by halving")
