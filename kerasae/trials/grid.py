"""A grid of experiments on one data set."""

import dataclasses
import itertools
from typing import Annotated, Any, ClassVar, Self

from msgspec import Meta, json

from kerasae.data.image_data import ImageData
from kerasae.errors import InvalidSetting
from kerasae.experiment import ARCHITECTURES, Count, Experiment
from kerasae.files.shapes import FINITE, checked, documented, fields_of
from kerasae.precision import FLOAT32
from kerasae.reference import REPORT_DIMS
from kerasae.trials.trial import Trial, name_part

# A grid of more would take minutes to lay out, before anything is seen of it.
_MOST_TRIALS = 1_000_000


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
    latent_dims: Annotated[tuple[Count, ...], Meta(description="Latent dimensions.")] = REPORT_DIMS
    learning_rates: Annotated[
        tuple[Annotated[float, Meta(gt=0, le=FINITE)] | None, ...],
        Meta(description="Peak learning rates; by default as the data need."),
    ] = (None,)
    seeds: Annotated[int, Meta(ge=1, description="Number of seeds, from 0.")] = 1
    # The settings of `Experiment` that are each trial's own.
    varies: ClassVar[tuple[str, ...]] = ("hidden_dims", "latent_dim", "learning_rate", "seed")

    def __post_init__(self) -> None:
        for name, field in fields_of(Sweep).items():
            object.__setattr__(self, name, checked(name, getattr(self, name), field.shape))
        for name in ("networks", "latent_dims", "learning_rates"):
            values = getattr(self, name)
            if not values or len(set(values)) != len(values):
                raise InvalidSetting(name, list(values), "at least one value, none of them twice")
        grids = len(self.networks) * len(self.latent_dims) * len(self.learning_rates)
        if self.seeds * grids > _MOST_TRIALS:
            expected = f"at most {_MOST_TRIALS:,} trials in all; each seed makes {grids:,}"
            raise InvalidSetting("seeds", self.seeds, expected)

    def resolved(self, data: ImageData) -> Self:
        """Returns it with the settings that follow from its data, which it is recorded with.

        All trials have one precision, so that they can be compared: that of the rule where it
        says the same of each network, and `float32` otherwise.

        Raises:
            InvalidSetting: If a batch is larger than the training set.
        """
        followed = data.resolved(dataclasses.replace(self.base, learning_rate=None)).learning_rate
        rates = tuple(followed if rate is None else rate for rate in self.learning_rates)
        found: set[Any] = {data.resolved(one).precision for one in self._networks()}
        base = dataclasses.replace(self.base, precision=found.pop() if len(found) == 1 else FLOAT32)
        return dataclasses.replace(self, base=data.resolved(base), learning_rates=rates)

    def _networks(self) -> list[Experiment]:
        return [dataclasses.replace(self.base, hidden_dims=widths) for widths in self.networks]

    def trials(self) -> list[Trial]:
        """Returns the trials in the order of `results.csv`."""
        axes = (self.networks, self.latent_dims, self.learning_rates, range(self.seeds))
        return [self._trial(*cell) for cell in itertools.product(*axes)]

    def to_dict(self) -> dict[str, Any]:
        """Returns the full configuration as plain JSON values."""
        configuration: dict[str, Any] = json.decode(json.encode(self))
        return configuration

    def _trial(self, network: tuple[int, ...], dim: int, rate: float | None, seed: int) -> Trial:
        experiment = dataclasses.replace(
            self.base, hidden_dims=network, latent_dim=dim, learning_rate=rate, seed=seed
        )
        widths = "-".join(map(str, (experiment.architecture, *network)))
        peak = "" if rate is None else f"-lr{name_part(rate)}"
        return Trial(f"{widths}-z{dim}{peak}-seed{seed}", experiment)
