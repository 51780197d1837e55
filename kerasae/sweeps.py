"""A grid of experiments on one data set: planned, run in parallel, recorded."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae import artifacts
from kerasae.datasets import ImageData
from kerasae.environment import environment
from kerasae.errors import InvalidSetting
from kerasae.executors import Event, Failed, Finished
from kerasae.experiment import ARCHITECTURES, Experiment
from kerasae.reference import REPORT_DIMS
from kerasae.trials import Outcome, Trial, check_trials, running_trials

COLUMNS = (
    "trial", "dataset", "architecture", "hidden_dims", "latent_dim", "learning_rate", "seed",
    "epochs", "train_mse", "val_mse", "test_mse", "test_psnr", "test_pooled_psnr",
    "pca_test_mse", "seconds", "images_per_second", "status",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Sweep:
    """A grid of experiments.

    Args:
        base: The settings that all trials share.
        networks: The hidden widths of each network.
        latent_dims: The latent dimensions.
        learning_rates: The learning rates.
        seeds: Number of seeds, which run from 0.

    Raises:
        InvalidSetting: If a list is empty or names a value twice, or a value is out of range.

    Example:

    >>> [trial.name for trial in Sweep(Experiment(), latent_dims=(15,)).trials()]
    ['basic-256-z15-lr0.003-seed0', 'extended-1024-512-z15-lr0.003-seed0']
    """

    base: Experiment
    networks: tuple[tuple[int, ...], ...] = tuple(ARCHITECTURES.values())
    latent_dims: tuple[int, ...] = REPORT_DIMS
    learning_rates: tuple[float, ...] = (Experiment.learning_rate,)
    seeds: int = 1

    def __post_init__(self) -> None:
        for name in ("networks", "latent_dims", "learning_rates"):
            values = getattr(self, name)
            if not values or len(set(values)) != len(values):
                raise InvalidSetting(name, list(values), "at least one value, none of them twice")
        if self.seeds < 1:
            raise InvalidSetting("seeds", self.seeds, "a whole number of at least 1")
        self.trials()

    def trials(self) -> list[Trial]:
        """Returns the trials in the order of `results.csv`."""
        grid = itertools.product(
            self.networks, self.latent_dims, self.learning_rates, range(self.seeds)
        )
        return [self._trial(*cell) for cell in grid]

    def to_dict(self) -> dict[str, Any]:
        """Returns the full configuration as plain JSON values."""
        return {
            "base": self.base.to_dict(),
            "networks": [list(network) for network in self.networks],
            "latent_dims": list(self.latent_dims),
            "learning_rates": list(self.learning_rates),
            "seeds": self.seeds,
        }

    def _trial(self, network: tuple[int, ...], dim: int, rate: float, seed: int) -> Trial:
        experiment = dataclasses.replace(
            self.base, hidden_dims=network, latent_dim=dim, learning_rate=rate, seed=seed
        )
        widths = "-".join(map(str, network))
        name = f"{experiment.architecture}-{widths}-z{dim}-lr{rate:g}-seed{seed}"
        return Trial(name.replace("--", "-"), experiment)


@dataclasses.dataclass(frozen=True)
class SweepResult:
    """What a sweep found.

    Args:
        rows: One mapping per trial with the columns of `results.csv`, in planned order.
        pca_mse: Test MSE of PCA, clipped to [0, 1], by dimension.
        errors: What went wrong, by trial, for the trials that failed.
    """

    rows: list[dict[str, Any]]
    pca_mse: dict[int, float]
    errors: dict[str, str]


def run_sweep(
    sweep: Sweep,
    data: ImageData,
    folder: Path,
    *,
    jobs: int = 1,
    tensorboard: bool = False,
    on_event: Callable[[Event], None] | None = None,
) -> SweepResult:
    """Runs a sweep in parallel processes of one thread each and records it.

    The results depend on `sweep` and `data` alone, not on `jobs`.

    Args:
        sweep: The grid.
        data: The images.
        folder: A new or empty folder for the artifacts.
        jobs: Number of worker processes, at least 1.
        tensorboard: Whether each trial logs for TensorBoard.
        on_event: Called in this process for each thing that happens.

    Returns:
        The `SweepResult`; failed trials are rows whose `status` is `failed`.

    Raises:
        ArtifactError: If the folder is not empty or cannot be written.
        InvalidSetting: If `jobs` is below 1 or a batch is larger than the training set.
    """
    trials = sweep.trials()
    check_trials(trials, {data.name: data}, jobs)
    artifacts.claim(folder)
    artifacts.write_json(folder / artifacts.SWEEP, _record(sweep, data, jobs, tensorboard))
    outcomes: dict[str, Outcome] = {}
    with running_trials(trials, {data.name: data}, folder, jobs=jobs, tensorboard=tensorboard) as (
        bases,
        events,
    ):
        pca = bases[data.name, sweep.base.validation_split]
        pca_mse = pca.mse(data.test, sweep.latent_dims)
        for event in events:
            if isinstance(event, Finished | Failed):
                outcomes[event.name] = event
                rows = _rows(trials, outcomes, pca_mse)
                artifacts.write_csv(folder / artifacts.RESULTS, COLUMNS, rows)
            if on_event is not None:
                on_event(event)
    return sweep_result(sweep, outcomes, pca_mse)


def sweep_result(
    sweep: Sweep, outcomes: Mapping[str, Outcome], pca_mse: dict[int, float]
) -> SweepResult:
    """Puts together what a sweep found.

    Args:
        sweep: The grid.
        outcomes: What came of each trial, by name; a trial without an outcome has no row.
        pca_mse: Test MSE of PCA by dimension.

    Returns:
        The `SweepResult`.
    """
    errors = {name: event.error for name, event in outcomes.items() if isinstance(event, Failed)}
    return SweepResult(_rows(sweep.trials(), outcomes, pca_mse), pca_mse, errors)


def _rows(
    trials: Sequence[Trial], outcomes: Mapping[str, Outcome], pca_mse: dict[int, float]
) -> list[dict[str, Any]]:
    rows = []
    for trial in trials:
        outcome = outcomes.get(trial.name)
        if outcome is None:
            continue
        settings = trial.experiment.to_dict()
        rows.append(
            {
                **settings,
                "hidden_dims": "-".join(map(str, settings["hidden_dims"])),
                "trial": trial.name,
                "architecture": trial.experiment.architecture,
                "pca_test_mse": pca_mse[trial.experiment.latent_dim],
                "status": "done" if isinstance(outcome, Finished) else "failed",
                **(outcome.metrics if isinstance(outcome, Finished) else {}),
            }
        )
    return rows


def _record(sweep: Sweep, data: ImageData, jobs: int, tensorboard: bool) -> dict[str, Any]:
    return {
        **sweep.to_dict(),
        "jobs": jobs,
        "threads_per_job": 1,
        "tensorboard": tensorboard,
        "data_md5": list(data.checksums()),
        **environment(),
    }
