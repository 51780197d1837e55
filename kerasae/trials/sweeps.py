"""A grid of experiments on one data set: planned, run in parallel, recorded."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.data.image_data import ImageData
from kerasae.environment import environment
from kerasae.errors import ArtifactError, ClusterLost, InvalidSetting
from kerasae.experiment import ARCHITECTURES, Experiment
from kerasae.files import whole_files
from kerasae.files.interrupts import Interrupted
from kerasae.files.local_files import Refused, refusing
from kerasae.files.owned_folder import owned
from kerasae.identity import check_same
from kerasae.reference import REPORT_DIMS
from kerasae.runs import run_files
from kerasae.runs.reading import parse_experiment
from kerasae.trials.executors import ProcessExecutor
from kerasae.trials.halving import check_halving
from kerasae.trials.jobs import Event, Executor, Failed, Finished, Stopped
from kerasae.trials.kept_models import KeptModels
from kerasae.trials.running import Outcome, Trial, check_trials, name_part, running_trials

COLUMNS = (
    "trial", "dataset", "architecture", "hidden_dims", "latent_dim", "learning_rate", "seed",
    "epochs", "train_mse", "val_mse", "test_mse", "test_psnr", "test_pooled_psnr",
    "pca_test_mse", "seconds", "images_per_second", "status",
)  # fmt: skip

HALVING = "halving"
_EARLY_STOP = "early_stop"
# Times that it takes to write the table, between one writing and the next.
_PAUSES = 20
# A grid of more would take minutes to lay out, before anything is seen of it.
_MOST_TRIALS = 1_000_000
_MOST_LAYERS = 100


@dataclasses.dataclass(frozen=True)
class Sweep:
    """A grid of experiments.

    Args:
        base: The settings that all trials share.
        networks: The hidden widths of each network.
        latent_dims: The latent dimensions.
        learning_rates: The learning rates.
        seeds: Number of seeds, which run from 0; so many that there are at most a million
            trials.

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
        if type(self.seeds) is not int or self.seeds < 1:
            raise InvalidSetting("seeds", self.seeds, "a whole number of at least 1")
        grids = len(self.networks) * len(self.latent_dims) * len(self.learning_rates)
        if self.seeds * grids > _MOST_TRIALS:
            expected = f"at most {_MOST_TRIALS:,} trials in all; each seed makes {grids:,}"
            raise InvalidSetting("seeds", self.seeds, expected)
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
        name = f"{experiment.architecture}-{widths}-z{dim}-lr{name_part(rate)}-seed{seed}"
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
    executor: Executor | None = None,
    resume: bool = False,
    keep: int | None = None,
    halving: bool = False,
) -> SweepResult:
    """Runs a sweep in parallel processes of one thread each and records it.

    The results depend on `sweep` and `data` alone, not on how or where the trials are run, nor
    on whether the sweep was interrupted.

    Args:
        sweep: The grid.
        data: The images.
        folder: A new or empty folder for the artifacts, or with `resume` that of the sweep.
        jobs: Number of worker processes, at least 1, where there is no `executor`.
        tensorboard: Whether each trial logs for TensorBoard.
        on_event: Called in this process for each thing that happens.
        executor: How the trials are run; `None` is `ProcessExecutor(jobs)`.
        resume: Whether to go on with the sweep in `folder`. Networks, dimensions, rates and
            seeds may have been added, none left out; every other setting has to be the same.
        keep: How many models to keep, the best by validation MSE (training MSE where no images
            are held out); `None` keeps all.
        halving: Whether to stop weak trials early; see `halving`.

    Returns:
        The `SweepResult`; the `status` of a row is `done`, `failed` or `stopped`.

    Raises:
        ArtifactError: If the folder is not empty, belongs to another process, or cannot be
            written; with `resume`, if it holds no sweep or one with other settings.
        DiskFull: If there is no room left; the sweep can be resumed.
        InvalidSetting: If `jobs` is below 1, a batch is larger than the training set, or
            `halving` is not possible with the settings.
    """
    executor = executor or ProcessExecutor(jobs)
    trials = sweep.trials()
    check_trials(trials, {data.name: data})
    if halving:
        check_halving(sweep.base)
    outcomes: dict[str, Outcome] = {}
    with owned(folder, resume=resume):
        record = _record(sweep, data, executor.workers, tensorboard, halving)
        if resume:
            _check_same(sweep, folder, halving)
        else:
            whole_files.write_json(folder / run_files.SWEEP, record)
        models = KeptModels(folder / run_files.TRIALS, keep)
        with running_trials(
            trials,
            {data.name: data},
            folder,
            executor,
            tensorboard=tensorboard,
            halving=halving,
        ) as (bases, events):
            # That the data and the version are the same is known only here.
            whole_files.write_json(folder / run_files.SWEEP, record)
            pca_mse = bases[data.name, sweep.base.validation_split].mse(
                data.test, sweep.latent_dims
            )
            table = _Table(folder, trials, pca_mse)
            try:
                for event in events:
                    if isinstance(event, Finished | Failed | Stopped):
                        outcomes[event.name] = event
                        table.write_if_due(outcomes)
                    if isinstance(event, Finished):
                        models.add(event)
                    if on_event is not None:
                        on_event(event)
            except (Interrupted, ClusterLost):
                table.write(outcomes)
                raise
            table.write(outcomes)
    return sweep_result(sweep, outcomes, pca_mse)


class _Table:
    """Writes `results.csv`, which grows, so often that it takes a small share of the time."""

    def __init__(self, folder: Path, trials: Sequence[Trial], pca_mse: dict[int, float]) -> None:
        self._path = folder / run_files.RESULTS
        self._trials = trials
        self._pca_mse = pca_mse
        self._due = 0.0

    def write_if_due(self, outcomes: Mapping[str, Outcome]) -> None:
        if time.monotonic() >= self._due:
            self.write(outcomes)

    def write(self, outcomes: Mapping[str, Outcome]) -> None:
        started = time.monotonic()
        whole_files.write_csv(self._path, COLUMNS, _rows(self._trials, outcomes, self._pca_mse))
        now = time.monotonic()
        self._due = now + _PAUSES * (now - started)


def read_sweep(folder: Path) -> Sweep:
    """Reads the grid of a sweep back from its folder.

    Args:
        folder: The sweep's folder.

    Raises:
        ArtifactError: If there is no sweep in it.
    """
    path = folder / run_files.SWEEP
    record = whole_files.read_json(path)
    with refusing(path, ArtifactError, "choose the folder of a sweep"):
        try:
            networks = tuple(tuple(widths) for widths in record["networks"])
            deepest = max(map(len, networks), default=0)
            if deepest > _MOST_LAYERS:
                raise Refused(f"has {deepest:,} hidden layers; expected at most {_MOST_LAYERS}")
            dims, rates = tuple(record["latent_dims"]), tuple(record["learning_rates"])
            return Sweep(parse_experiment(record["base"]), networks, dims, rates, record["seeds"])
        except (KeyError, TypeError) as error:
            raise Refused(f"is no record of a sweep ({error})") from None


def read_early_stop(folder: Path) -> str | None:
    """Reads how a sweep stops weak trials: `halving` or `None`."""
    found: str | None = whole_files.read_json(folder / run_files.SWEEP).get(_EARLY_STOP)
    return found


def _check_same(sweep: Sweep, folder: Path, halving: bool) -> None:
    path = folder / run_files.SWEEP
    begun = read_sweep(folder)
    _check_grid(begun, sweep)
    there = {
        **begun.base.to_dict(),
        _EARLY_STOP: whole_files.read_json(path).get(_EARLY_STOP),
    }
    here = {**sweep.base.to_dict(), _EARLY_STOP: _early_stop(halving)}
    # The grid replaces them in each trial.
    for setting in ("hidden_dims", "latent_dim", "learning_rate", "seed"):
        del there[setting], here[setting]
    check_same(folder, there, here)


def _check_grid(begun: Sweep, sweep: Sweep) -> None:
    """Checks that no trial of a sweep that was begun is left out; its row would be lost."""
    for name in ("networks", "latent_dims", "learning_rates"):
        here, there = getattr(sweep, name), getattr(begun, name)
        if not set(there) <= set(here):
            raise InvalidSetting(
                name, list(here), f"those that the sweep was begun with, {list(there)}, and others"
            )
    if sweep.seeds < begun.seeds:
        raise InvalidSetting("seeds", sweep.seeds, f"at least the {begun.seeds} it was begun with")


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
                **_result(outcome),
            }
        )
    return rows


def _result(outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Finished(_, metrics):
            return {"status": "done", **metrics}
        case Stopped(_, epoch, val_mse):
            return {"status": "stopped", "epochs": epoch, "val_mse": val_mse}
        case _:
            return {"status": "failed"}


def _record(
    sweep: Sweep, data: ImageData, jobs: int | None, tensorboard: bool, halving: bool
) -> dict[str, Any]:
    return {
        **sweep.to_dict(),
        _EARLY_STOP: _early_stop(halving),
        "jobs": jobs,
        "threads_per_job": 1,
        "tensorboard": tensorboard,
        "data_md5": list(data.checksums()),
        **environment(),
    }


def _early_stop(halving: bool) -> str | None:
    return HALVING if halving else None
