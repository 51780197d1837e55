"""Runs the trials of sweeps and studies in parallel, on any number of data sets."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae import artifacts
from kerasae.data_store import DataStore
from kerasae.datasets import ImageData, validation_rows
from kerasae.errors import InvalidSetting
from kerasae.executors import Event, Failed, Finished, Job, run_jobs
from kerasae.experiment import Experiment
from kerasae.pca import PCA
from kerasae.runs import read_experiment

Outcome = Finished | Failed
Bases = dict[tuple[str, float], PCA]


@dataclasses.dataclass(frozen=True)
class Trial:
    """One training run of a sweep or study: a name for its folder and the settings."""

    name: str
    experiment: Experiment


@contextlib.contextmanager
def running_trials(
    trials: Sequence[Trial],
    data: Mapping[str, ImageData],
    folder: Path,
    *,
    jobs: int = 1,
    tensorboard: bool = False,
) -> Iterator[tuple[Bases, Iterator[Event]]]:
    """Trains trials in processes of one thread each, longest first.

    A trial that an earlier run into the same folder has finished with the same settings is
    not run again; its outcome comes first.

    Args:
        trials: What to train; their results depend on nothing else but `data`.
        data: The data sets that the trials name.
        folder: Where `trials/<name>/` are made.
        jobs: Number of worker processes.
        tensorboard: Whether each trial logs for TensorBoard.

    Yields:
        The fitted PCA by `(data set, validation split)`, and the events as they happen.
    """
    finished = {trial.name: metrics for trial in trials if (metrics := _metrics(trial, folder))}
    planned = [
        Job(trial.name, trial.experiment, folder / artifacts.TRIALS / trial.name, tensorboard)
        for trial in sorted(trials, key=lambda trial: _cost(trial, data), reverse=True)
        if trial.name not in finished
    ]
    with tempfile.TemporaryDirectory(prefix="kerasae-") as shared:
        store = DataStore(Path(shared))
        with run_jobs(planned, Path(shared), jobs) as events:
            for name in dict.fromkeys(trial.experiment.dataset for trial in trials):
                store.add(data[name])
            earlier = (Finished(name, metrics) for name, metrics in finished.items())
            yield _fit_bases(trials, data, store), itertools.chain(earlier, events)


def _metrics(trial: Trial, folder: Path) -> dict[str, Any] | None:
    """Reads the scores of a trial that is already finished; `None` if it is not."""
    place = folder / artifacts.TRIALS / trial.name
    if not (place / artifacts.METRICS).is_file() or read_experiment(place) != trial.experiment:
        return None
    metrics: dict[str, Any] = artifacts.read_json(place / artifacts.METRICS)
    return metrics


def check_trials(trials: Sequence[Trial], data: Mapping[str, ImageData], jobs: int) -> None:
    """Checks, before anything is written, what only the data and the machine can tell.

    Raises:
        InvalidSetting: If `jobs` is below 1 or a batch is larger than the training set.
    """
    if jobs < 1:
        raise InvalidSetting("jobs", jobs, "a whole number of at least 1")
    for trial in trials:
        experiment = trial.experiment
        rows, _ = validation_rows(len(data[experiment.dataset].train), experiment.validation_split)
        experiment.check_fits(len(rows))


def _fit_bases(trials: Sequence[Trial], data: Mapping[str, ImageData], store: DataStore) -> Bases:
    """Fits PCA once for all trials that train on the same images."""
    components: dict[tuple[str, float], int] = {}
    for experiment in (trial.experiment for trial in trials):
        key = (experiment.dataset, experiment.validation_split)
        components[key] = max(components.get(key, 0), experiment.latent_dim)
    return {key: store.add_pca(data[key[0]], key[1], most) for key, most in components.items()}


def _cost(trial: Trial, data: Mapping[str, ImageData]) -> int:
    """Orders trials longest first, so that no core waits long for the last one."""
    experiment = trial.experiment
    images = data[experiment.dataset].train
    widths = (math.prod(images.shape[1:]), *experiment.hidden_dims, experiment.latent_dim)
    return sum(a * b for a, b in itertools.pairwise(widths)) * experiment.epochs * len(images)
