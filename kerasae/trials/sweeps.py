"""Runs a sweep in parallel, records it, and goes on with one that was begun."""

import dataclasses
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from kerasae.data.datasets import experiment_data
from kerasae.data.image_data import ImageData
from kerasae.data.picture_parts import list_pictures
from kerasae.environment import cores
from kerasae.errors import ArtifactError, ClusterLost, InvalidSetting
from kerasae.experiment import Experiment
from kerasae.files import whole_files
from kerasae.files.interrupts import Interrupted
from kerasae.files.local_files import StrPath, WrongShape, refusing, within
from kerasae.files.owned_folder import owned
from kerasae.files.shapes import fields_of, read_shape
from kerasae.html_table import html_table
from kerasae.identity import check_same
from kerasae.recorded_scores import Scores
from kerasae.runs import run_files
from kerasae.runs.manifest import forget_manifest, write_manifest
from kerasae.runs.picture_list import write_pictures
from kerasae.runs.reading import parse_experiment
from kerasae.runs.record import RunRecord, check_computing, read_record
from kerasae.runs.run import Run
from kerasae.trials.executors import ProcessExecutor
from kerasae.trials.grid import Sweep
from kerasae.trials.halving import check_halving
from kerasae.trials.jobs import Event, Executor, Failed, Finished, Outcome, Started, Stopped
from kerasae.trials.kept_models import KeptModels
from kerasae.trials.running import running_trials
from kerasae.trials.trial import Trials

COLUMNS = (
    "trial", "dataset", "architecture", "hidden_dims", "latent_dim", "learning_rate", "seed",
    "epochs", "best_epoch", "train_mse", "val_mse", "test_mse", "test_psnr", "test_pooled_psnr",
    "pca_test_mse", "pca_difference", "pca_difference_se", "seconds", "images_per_second", "status",
)  # fmt: skip
# Those that a notebook shows.
_SHOWN = (
    "trial", "latent_dim", "learning_rate", "seed", "test_mse", "test_psnr", "pca_test_mse",
    "status",
)  # fmt: skip

HALVING = "halving"
_EARLY_STOP = "early_stop"
_EarlyStop: Any = Literal["halving"] | None
# Times that it takes to write the table, between one writing and the next.
_PAUSES = 20


@dataclasses.dataclass(frozen=True, repr=False)
class SweepResult:
    """What a sweep found.

    Args:
        rows: One mapping per trial with the columns of `results.csv`, in planned order.
        pca_mse: Test MSE of PCA, clipped to [0, 1], by dimension.
        errors: What went wrong, by trial, for the trials that failed.
        runs: The trials that are done, in planned order.
    """

    rows: list[dict[str, Any]]
    pca_mse: dict[int, float]
    errors: dict[str, str]
    runs: Sequence[Run] = ()

    def __repr__(self) -> str:
        found = [row["test_mse"] for row in self.rows if row.get("test_mse") is not None]
        lowest = f"{min(found):.5g}" if found else "none"
        counts = f"{len(self.rows)} trials, {len(self.errors)} failed"
        return f"SweepResult({counts}, lowest test MSE {lowest})"

    def _repr_html_(self) -> str:
        """A row per trial, for notebooks."""
        rows = [[row.get(name) for name in _SHOWN] for row in self.rows]
        return html_table(repr(self), [name.replace("_", " ") for name in _SHOWN], rows)


def run_sweep(
    sweep: Sweep,
    data: ImageData | StrPath,
    folder: StrPath,
    *,
    executor: Executor | None = None,
    tensorboard: bool = False,
    on_event: Callable[[Event], None] | None = None,
    resume: bool = False,
    keep: int | None = None,
    halving: bool = False,
    command: str | None = None,
) -> SweepResult:
    """Runs a sweep in parallel and records it.

    The results depend on `sweep` and `data` alone, not on how or where the trials are run, nor
    on whether the sweep was interrupted.

    Args:
        sweep: The grid.
        data: The images, or their name or path, in place of those that `sweep` names.
        folder: A new or empty folder for the artifacts, or with `resume` that of the sweep.
        executor: How the trials are run; `None` is in processes of one thread each, one per
            core.
        tensorboard: Whether each trial logs for TensorBoard.
        on_event: Called in this process for each thing that happens.
        resume: Whether to go on with the sweep in `folder`. Networks, dimensions, rates and
            seeds may have been added, none left out; every other setting has to be the same.
        keep: How many models to keep, the best by validation MSE (training MSE where no images
            are held out); `None` keeps all.
        halving: Whether to stop weak trials early; see `halving`.
        command: The command that begins it, for `sweep.json`.

    Returns:
        The `SweepResult`; the `status` of a row is `done`, `failed` or `stopped`.

    Raises:
        ArtifactError: If the folder is not empty, belongs to another process, or cannot be
            written; with `resume`, if it holds no sweep or one with other settings.
        DiskFull: If there is no room left; the sweep can be resumed.
        InvalidSetting: If there are no test images, a batch is larger than the training set, or
            `halving` is not possible with the settings.
    """
    executor, folder = executor or ProcessExecutor(cores()), Path(folder)
    if not isinstance(data, ImageData):
        data = experiment_data(dataclasses.replace(sweep.base, dataset=os.fspath(data)))
    base = dataclasses.replace(sweep.base, dataset=data.name)
    sweep = dataclasses.replace(sweep, base=base)
    if not len(data.test):
        raise InvalidSetting("data", data.name, "a data set with test images to compare PCA on")
    sweep = sweep.resolved(data, read_sweep(folder).sweep if resume else None)
    if halving:
        check_halving(sweep.base)
    trials = sweep.trials()
    with owned(folder, resume=resume):
        begun = BegunSweep(sweep, halving)
        record = {
            **begun.to_dict(),
            "jobs": executor.workers,
            "threads_per_job": 1,
            "tensorboard": tensorboard,
            **RunRecord.of(data, sweep.base.precision, command).to_dict(),
        }
        if resume:
            _check_same(begun, folder)
            earlier = read_record(folder)
            if earlier is not None:
                check_computing(folder, earlier.to_dict(), sweep.base.precision)
            if earlier is not None and earlier.date is not None:
                record |= {"command": earlier.command, "date": earlier.date}
        else:
            whole_files.write_json(folder / run_files.SWEEP, record)
            write_pictures(folder, list_pictures(data, sweep.base.validation_split))
        known = forget_manifest(folder)
        trained: set[str] = set()
        runs: list[Run] = []
        kept_in = folder / run_files.TRIALS
        models = KeptModels(kept_in, keep)
        with running_trials(
            trials, {data.name: data}, folder, executor, tensorboard=tensorboard, halving=halving
        ) as (bases, events):
            # That the data and the version are the same is known only here.
            whole_files.write_json(folder / run_files.SWEEP, record)
            pca = bases[data.name, sweep.base.validation_split]
            table = _Table(folder, _Rows(trials, pca.mse(data.test, sweep.latent_dims)))
            try:
                for event in events:
                    if isinstance(event, Started):
                        trained.add(event.name)
                    if isinstance(event, Outcome):
                        settings = table.rows.add(event)
                        table.write_if_due()
                    if isinstance(event, Finished):
                        models.add(event)
                        runs.append(_run(kept_in / event.name, settings, event))
                    if on_event is not None:
                        on_event(event)
            except (Interrupted, ClusterLost):
                table.write()
                raise
            table.write()
        write_manifest(folder, known, trained)
    runs.sort(key=lambda run: trials.number_of(run.name))
    return dataclasses.replace(table.rows.result(sweep.base.sigma), runs=runs)


def _run(place: Path, settings: Experiment, finished: Finished) -> Run:
    """Makes the run of a trial, of which all that tables show is known."""
    metrics = Scores(finished.metrics, os.path.join(place, run_files.METRICS))
    return Run.of(place, experiment=settings, metrics=metrics)


class _Rows:
    """The rows of `results.csv`, each made once."""

    def __init__(self, trials: Trials, pca_mse: dict[int, float]) -> None:
        self._trials, self._pca_mse = trials, pca_mse
        self._rows: dict[int, dict[str, Any]] = {}
        self._errors: dict[str, str] = {}

    def add(self, outcome: Outcome) -> Experiment:
        """Takes what came of a trial, and returns its settings."""
        number = self._trials.number_of(outcome.name)
        settings = self._trials[number].experiment
        self._rows[number] = {
            **settings.to_dict(),
            "hidden_dims": "-".join(map(str, settings.hidden_dims)),
            "trial": outcome.name,
            "architecture": settings.architecture,
            "pca_test_mse": self._pca_mse[settings.latent_dim],
            **_result(outcome),
        }
        if isinstance(outcome, Failed):
            self._errors[outcome.name] = outcome.error
        return settings

    def in_order(self) -> list[dict[str, Any]]:
        return [self._rows[number] for number in sorted(self._rows)]

    def result(self, sigma: float) -> SweepResult:
        rows = self.in_order()
        pca_mse = self._pca_mse | _noisy_pca(rows) if sigma else self._pca_mse
        return SweepResult(rows, pca_mse, self._errors)


class _Table:
    """Writes `results.csv`, which grows, so often that it takes a small share of the time."""

    def __init__(self, folder: Path, rows: _Rows) -> None:
        self._path = folder / run_files.RESULTS
        self.rows = rows
        self._due = 0.0

    def write_if_due(self) -> None:
        if time.monotonic() >= self._due:
            self.write()

    def write(self) -> None:
        started = time.monotonic()
        whole_files.write_csv(self._path, COLUMNS, self.rows.in_order())
        now = time.monotonic()
        self._due = now + _PAUSES * (now - started)


@dataclasses.dataclass(frozen=True)
class BegunSweep:
    """A sweep, and how weak trials are stopped.

    Args:
        sweep: The grid.
        halving: Whether they are, by halving.
    """

    sweep: Sweep
    halving: bool

    def to_dict(self) -> dict[str, Any]:
        """Returns all of it as plain JSON values."""
        return {**self.sweep.to_dict(), _EARLY_STOP: HALVING if self.halving else None}

    def shared(self) -> dict[str, Any]:
        """Returns what has to stay the same, by name."""
        settings = self.to_dict()
        shared = {**settings["base"], _EARLY_STOP: settings[_EARLY_STOP]}
        return {name: value for name, value in shared.items() if name not in Sweep.varies}


def read_sweep(folder: Path) -> BegunSweep:
    """Reads what a sweep was begun with back from its folder.

    Args:
        folder: The sweep's folder.

    Raises:
        ArtifactError: If there is no sweep in it.
    """
    path = folder / run_files.SWEEP
    record = whole_files.read_json(path)
    with refusing(path, ArtifactError, "choose the folder of a sweep"):
        record = read_shape(record, dict[str, Any])
        # Sweeps from before have rates that are the same for all networks.
        record = {"network_rates": None, **record}
        missing = [name for name in fields_of(Sweep) if name not in record]
        if missing:
            raise WrongShape(f"{missing[0]} is missing")
        with within(_EARLY_STOP):
            read_shape(record.get(_EARLY_STOP), _EarlyStop)
        grid = {name: record[name] for name in fields_of(Sweep)}
        try:
            sweep = Sweep(**{**grid, "base": parse_experiment(grid["base"])})
        except InvalidSetting as error:
            raise WrongShape(str(error)) from None
        return BegunSweep(sweep, record.get(_EARLY_STOP) is not None)


def _check_same(here: BegunSweep, folder: Path) -> None:
    there = read_sweep(folder)
    # A trial that is left out would lose its row.
    for name in ("networks", "latent_dims"):
        _check_none_left_out(name, getattr(here.sweep, name), getattr(there.sweep, name))
    rates = dict(zip(here.sweep.networks, here.sweep.rates(), strict=True))
    for network, begun_with in zip(there.sweep.networks, there.sweep.rates(), strict=True):
        widths = "-".join(map(str, network))
        what = f"the network {widths} was" if there.sweep.network_rates else "the sweep was"
        _check_none_left_out("learning_rates", rates[network], begun_with, what)
    seeds, begun = here.sweep.seeds, there.sweep.seeds
    if seeds < begun:
        raise InvalidSetting("seeds", seeds, f"at least the {begun} it was begun with")
    check_same(folder, there.shared(), here.shared())


def _check_none_left_out(
    name: str, here: Sequence[Any], there: Sequence[Any], what: str = "the sweep was"
) -> None:
    if not set(there) <= set(here):
        expected = f"those that {what} begun with, {list(there)}, and others"
        raise InvalidSetting(name, list(here), expected)


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
    rows = _Rows(sweep.trials(), pca_mse)
    for outcome in outcomes.values():
        rows.add(outcome)
    return rows.result(sweep.base.sigma)


def _noisy_pca(rows: Sequence[Mapping[str, Any]]) -> dict[int, float]:
    """Returns the test MSE of PCA on what denoisers see, which each seed has other noise in."""
    found: dict[int, list[float]] = {}
    for row in rows:
        if row["status"] == "done":
            found.setdefault(row["latent_dim"], []).append(row["pca_test_mse"])
    return {dim: statistics.fmean(errors) for dim, errors in found.items()}


def _result(outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Finished(_, metrics):
            return {"status": "done", **metrics}
        case Stopped(_, epoch, val_mse):
            return {"status": "stopped", "epochs": epoch, "val_mse": val_mse}
        case _:
            return {"status": "failed"}
