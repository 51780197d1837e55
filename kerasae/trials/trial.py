"""A trial: a training run of a sweep or study, and its name; and many of them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import overload

from kerasae.data.image_data import ImageData
from kerasae.experiment import Experiment

# How many components PCA needs, by data set and validation split.
Components = dict[tuple[str, float], int]


@dataclasses.dataclass(frozen=True)
class Trial:
    """One training run of a sweep or study: a name for its folder and the settings."""

    name: str
    experiment: Experiment


class Trials(Sequence[Trial]):
    """The trials of a study, in planned order, by number and by name.

    Args:
        trials: The trials, with the settings that follow from their data.
    """

    def __init__(self, trials: Iterable[Trial]) -> None:
        self._trials = list(trials)
        self._numbers = {trial.name: number for number, trial in enumerate(self._trials)}

    def __len__(self) -> int:
        return len(self._trials)

    @overload
    def __getitem__(self, number: int) -> Trial: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Trial]: ...
    def __getitem__(self, number: int | slice) -> Trial | Sequence[Trial]:
        return self._trials[number]

    def name(self, number: int) -> str:
        """Returns the name of a trial, by its number."""
        return self._trials[number].name

    def number_of(self, name: str) -> int:
        """Returns the number of the trial of a name.

        Raises:
            KeyError: If there is none.
        """
        return self._numbers[name]

    def longest_first(self, data: Mapping[str, ImageData]) -> Iterator[int]:
        """Yields the numbers of the trials, so that no core waits long for the last one."""

        def cost(number: int) -> int:
            experiment = self[number].experiment
            images = data[experiment.dataset]
            products = products_of(experiment.hidden_dims, experiment.latent_dim, images.pixels)
            return products * experiment.pace.epochs * len(images.train)

        yield from sorted(range(len(self)), key=cost, reverse=True)

    def precisions(self) -> set[str | None]:
        """Returns the precisions that they are trained in."""
        return {trial.experiment.precision for trial in self}

    def components(self) -> Components:
        """Returns how many components PCA needs for all trials that train on the same images."""
        most: Components = {}
        for experiment in (trial.experiment for trial in self):
            key = (experiment.dataset, experiment.validation_split)
            most[key] = max(most.get(key, 0), experiment.latent_dim)
        return most


def products_of(hidden_dims: Sequence[int], latent_dim: int, pixels: int) -> int:
    """Returns the multiplications of an image's way to its code."""
    return sum(a * b for a, b in itertools.pairwise((pixels, *hidden_dims, latent_dim)))


def name_part(value: float) -> str:
    """Writes a setting for a trial's name: short, but so that no two values have the same.

    Example:

    >>> name_part(0.003), name_part(1.0), name_part(0.0010000001)
    ('0.003', '1', '0.0010000001')
    """
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
