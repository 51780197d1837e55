"""What is best: chosen by images held out, never by those that are tested on."""

import math
import statistics
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

from kerasae.metrics import TOLD_APART

Key = TypeVar("Key", bound=Hashable)


def choice_score(scores: Mapping[str, Any]) -> float:
    """Returns the score that a run is chosen by, of which less is better.

    Args:
        scores: Its `metrics`, or a row of `results.csv`.

    Returns:
        The validation MSE; the training MSE where no images were held out; infinity where
        neither is known.

    Example:

    >>> choice_score({"val_mse": 0.2, "train_mse": 0.1}), choice_score({"train_mse": 0.1})
    (0.2, 0.1)
    """
    known = (scores.get(name) for name in ("val_mse", "train_mse"))
    return next((float(score) for score in known if isinstance(score, int | float)), math.inf)


def best_of(seeds: Mapping[Key, Sequence[float]]) -> set[Key]:
    """Returns which settings are best, and which cannot be told from the best.

    Args:
        seeds: The score of each seed, by the settings; less is better.

    Returns:
        Those with the lowest mean, and those whose mean is within two standard errors of the
        difference; with one seed each there is no error to tell, and the lowest alone is best.

    Example:

    >>> sorted(best_of({"a": [1.0, 1.2], "b": [1.1, 1.3], "c": [2.0, 2.1]}))
    ['a', 'b']
    """
    means = {key: statistics.fmean(scores) for key, scores in seeds.items() if scores}
    finite = {key: mean for key, mean in means.items() if mean < math.inf}
    if not finite:
        return set()
    best = min(finite, key=finite.__getitem__)

    def variance(key: Key) -> float:
        scores = seeds[key]
        return statistics.variance(scores) / len(scores) if len(scores) > 1 else 0.0

    return {
        key
        for key, mean in finite.items()
        if mean - finite[best] <= TOLD_APART * math.sqrt(variance(key) + variance(best))
    }
