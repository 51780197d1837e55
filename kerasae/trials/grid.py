"""A grid of experiments on one data set."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self, overload

import numpy as np
from msgspec import Meta, json

from kerasae.data.image_data import ImageData
from kerasae.errors import InvalidSetting
from kerasae.experiment import ARCHITECTURES, NETWORK, Count, Experiment, architecture_name
from kerasae.files.shapes import FINITE, checked, documented, fields_of
from kerasae.precision import FLOAT32
from kerasae.reference import REPORT_DIMS
from kerasae.trials.trial import Components, Trial, Trials, name_part, products_of

# Of more, a digit too many is likelier.
_MOST_TRIALS = 1_000_000
_DIGITS = 10
_ONCE = "at least one value, none of them twice"
# Trials that are asked for again are there for a part of the time that making them takes.
_KEPT = 1 << 14

_Rate = Annotated[float, Meta(gt=0, le=FINITE)]


@documented
@dataclasses.dataclass(frozen=True)
class Sweep:
    """A grid of experiments, of at most a million.

    Raises:
        InvalidSetting: If a list is empty or names a value twice, or a value is out of range.

    Example:

    >>> sweep = Sweep(Experiment(), latent_dims=(15,), learning_rates=(3e-3,))
    >>> [trial.name for trial in sweep.trials()]
    ['basic-256-z15-lr0.003-seed0', 'extended-1024-512-z15-lr0.003-seed0']
    """

    base: Annotated[Experiment, Meta(description="The settings that all trials share.")]
    networks: Annotated[
        tuple[Annotated[tuple[Count, ...], Meta(max_length=100)], ...],
        Meta(description="The hidden widths of each network."),
    ] = tuple(ARCHITECTURES.values())
    latent_dims: Annotated[
        tuple[Count, ...], Meta(description="Latent dimensions to train.", extra={"about": NETWORK})
    ] = REPORT_DIMS
    learning_rates: Annotated[
        tuple[_Rate | None, ...],
        Meta(description="Peak learning rates to train with.", extra={"follows": True}),
    ] = (None,)
    seeds: Annotated[int, Meta(ge=1, description="Seeds per network, counted from 0.")] = 1
    network_rates: Annotated[
        tuple[_Rate, ...] | None,
        Meta(description="What the rate of each network is where it follows; see `resolved`."),
    ] = None
    # The settings of `Experiment` that are each trial's own.
    varies: ClassVar[tuple[str, ...]] = ("hidden_dims", "latent_dim", "learning_rate", "seed")

    def __post_init__(self) -> None:
        for name, field in fields_of(Sweep).items():
            object.__setattr__(self, name, checked(name, getattr(self, name), field.shape))
        for name in ("networks", "latent_dims", "learning_rates"):
            values = getattr(self, name)
            if not values or len(set(values)) != len(values):
                raise InvalidSetting(name, list(values), _ONCE)
        grids = len(self.networks) * len(self.latent_dims) * len(self.learning_rates)
        if self.seeds * grids > _MOST_TRIALS:
            expected = f"at most {_MOST_TRIALS:,} trials in all; each seed makes {grids:,}"
            raise InvalidSetting("seeds", self.seeds, expected)
        if self.network_rates is not None and len(self.network_rates) != len(self.networks):
            expected = f"a rate for each of the {len(self.networks)} networks"
            raise InvalidSetting("network_rates", list(self.network_rates), expected)
        for own in set(self._own()) - {None}:
            if {own, None} <= set(self.learning_rates):
                expected = f"others than {own}, which is a network's own rate already"
                raise InvalidSetting("learning_rates", self._rates_with(own), expected)

    def resolved(self, data: ImageData, begun: Sweep | None = None) -> Self:
        """Returns it with the settings that follow from its data, which it is recorded with.

        All trials have one precision, so that they can be compared: that of the rule where it
        says the same of each network, and `float32` otherwise. Where the rate that follows is
        another for some of the networks, each has its own, in `network_rates`.

        Args:
            data: The images.
            begun: What it goes on with, whose precision and whose networks' rates it keeps.

        Raises:
            InvalidSetting: If a batch is larger than the training set, or a network has a rate
                twice.
        """
        of_each = [
            data.resolved(dataclasses.replace(self.base, hidden_dims=widths, learning_rate=None))
            for widths in self.networks
        ]
        known = dict(zip(begun.networks, begun._own(), strict=True)) if begun else {}
        own = [
            rate or known.get(one.hidden_dims) or one.pace.learning_rate
            for rate, one in zip(self._own(), of_each, strict=True)
        ]
        found: set[Any] = {one.precision for one in of_each}
        precision = found.pop() if len(found) == 1 else FLOAT32
        if begun is not None and self.base.precision is None:
            precision = begun.base.precision
        base = data.resolved(dataclasses.replace(self.base, precision=precision))
        rates = tuple(self._rates_with(own[0])) if len(set(own)) == 1 else self.learning_rates
        several = tuple(own) if None in rates else None
        return dataclasses.replace(self, base=base, learning_rates=rates, network_rates=several)

    def _own(self) -> Sequence[float | None]:
        """Returns what follows for each network, where that is another for some of them."""
        return self.network_rates or [None] * len(self.networks)

    def rates(self) -> list[list[float | None]]:
        """Returns the rates that each network is trained with; `None` for what is to follow."""
        # One list for all networks of the same rate: there may be a hundred thousand.
        return [*map(functools.cache(self._rates_with), self._own())]

    def _rates_with(self, own: float | None) -> list[float | None]:
        return [own if rate is None else rate for rate in self.learning_rates]

    def trials(self) -> Grid:
        """Returns the trials in the order of `results.csv`, each made when it is asked for."""
        return Grid(self)

    def to_dict(self) -> dict[str, Any]:
        """Returns the full configuration as plain JSON values."""
        configuration: dict[str, Any] = json.decode(json.encode(self))
        return configuration


class Grid(Trials):
    """The trials of a sweep; none is laid out before it is asked for.

    Args:
        sweep: The sweep.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._axes: tuple[Sequence[Any], ...] = (
            sweep.networks, sweep.latent_dims, sweep.learning_rates, range(sweep.seeds),
        )  # fmt: skip
        self._rates = sweep.rates()
        self._size = self.pairs * self.each
        self._made = functools.lru_cache(_KEPT)(self._make)

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, number: int) -> Trial: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Trial]: ...
    def __getitem__(self, number: int | slice) -> Trial | Sequence[Trial]:
        if isinstance(number, slice):
            return [self[one] for one in range(len(self))[number]]
        return self._made(range(len(self))[number])

    def _make(self, number: int) -> Trial:
        places = self._cell(number)
        network, dim, _, seed = (axis[at] for axis, at in zip(self._axes, places, strict=True))
        rate = self._rates[places[0]][places[2]]
        experiment = dataclasses.replace(
            self._sweep.base, hidden_dims=network, latent_dim=dim, learning_rate=rate, seed=seed
        )
        return Trial(self.name(number), experiment)

    @property
    def pairs(self) -> int:
        """How many pairs of a network and a latent dimension there are."""
        return len(self._sweep.networks) * len(self._sweep.latent_dims)

    @property
    def each(self) -> int:
        """How many trials each of them has, which follow each other."""
        return len(self._sweep.learning_rates) * self._sweep.seeds

    def networks(self) -> Iterator[tuple[tuple[int, ...], int]]:
        """Yields the hidden widths and the latent dimension of each pair."""
        return itertools.product(self._sweep.networks, self._sweep.latent_dims)

    def name(self, number: int) -> str:
        """Returns the name of a trial, by its number."""
        network, dim, rate, seed = self._cell(range(len(self))[number])
        rate_part = _peak(self._rates[network][rate])
        return f"{self._widths[network]}-z{self._sweep.latent_dims[dim]}{rate_part}-seed{seed}"

    def number_of(self, name: str) -> int:
        rest, _, seed = name.rpartition("-seed")
        if not (seed.isascii() and seed.isdecimal() and len(seed) < _DIGITS):
            raise KeyError(name)
        widths, _, rest = rest.rpartition("-z")
        dim, lr, rate = rest.partition("-lr")
        # Any other rate can only be the one that follows.
        peak = lr + rate if lr + rate in self._peaks else ""
        number = self._networks[widths]
        number = number * len(self._sweep.latent_dims) + self._dims[dim]
        number = number * len(self._sweep.learning_rates) + self._peaks[peak]
        number = number * self._sweep.seeds + int(seed)
        if number >= len(self) or self.name(number) != name:
            raise KeyError(name)
        return number

    def longest_first(self, data: Mapping[str, ImageData]) -> Iterator[int]:
        pixels = data[self._sweep.base.dataset].pixels
        products = (products_of(*network, pixels) for network in self.networks())
        costs = np.fromiter(products, np.float64, self.pairs)
        for pair in np.argsort(-costs, kind="stable").tolist():
            yield from range(pair * self.each, (pair + 1) * self.each)

    def precisions(self) -> set[str | None]:
        return {self._sweep.base.precision}

    def components(self) -> Components:
        base = self._sweep.base
        return {(base.dataset, base.validation_split): max(self._sweep.latent_dims)}

    def _cell(self, number: int) -> list[int]:
        """Returns where on each axis the trial of a number stands."""
        places = []
        for axis in reversed(self._axes):
            number, place = divmod(number, len(axis))
            places.append(place)
        return places[::-1]

    @functools.cached_property
    def _widths(self) -> list[str]:
        """The name of each network."""
        return [
            "-".join(map(str, (architecture_name(widths), *widths)))
            for widths in self._sweep.networks
        ]

    @functools.cached_property
    def _networks(self) -> dict[str, int]:
        return _places(self._widths)

    @functools.cached_property
    def _dims(self) -> dict[str, int]:
        return _places(map(str, self._sweep.latent_dims))

    @functools.cached_property
    def _peaks(self) -> dict[str, int]:
        return _places(map(_peak, self._sweep.learning_rates))


def _places(names: Iterable[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}


def _peak(rate: float | None) -> str:
    return "" if rate is None else f"-lr{name_part(rate)}"
