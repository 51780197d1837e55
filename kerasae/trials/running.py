"""Runs the trials of sweeps and studies in parallel, on any number of data sets."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kerasae.data.image_data import ImageData
from kerasae.experiment import Experiment
from kerasae.pca import PCA
from kerasae.runs import run_files
from kerasae.trials.data_store import DataStore
from kerasae.trials.jobs import Event, Executor, Failed, Finished, Job, JobQueue, Stopped
from kerasae.trials.ledger import Ledger
from kerasae.trials.records import TrialRecords
from kerasae.trials.train_work import TrainWork

Outcome = Finished | Failed | Stopped
Bases = dict[tuple[str, float], PCA]


@dataclasses.dataclass(frozen=True)
class Trial:
    """One training run of a sweep or study: a name for its folder and the settings."""

    name: str
    experiment: Experiment


def name_part(value: float) -> str:
    """Writes a setting for a trial's name: short, but so that no two values have the same.

    Example:

    >>> name_part(0.003), name_part(1.0), name_part(0.0010000001)
    ('0.003', '1', '0.0010000001')
    """
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


@contextlib.contextmanager
def running_trials(
    trials: Sequence[Trial],
    data: Mapping[str, ImageData],
    folder: Path,
    executor: Executor,
    *,
    tensorboard: bool = False,
    halving: bool = False,
) -> Iterator[tuple[Bases, Iterator[Event]]]:
    """Trains trials, each with one thread, longest first.

    A trial that an earlier run into the same folder has finished is not run again; its outcome
    comes first. One that was in flight goes on from its last checkpoint. One that kills its
    worker is tried three times in all.

    Args:
        trials: What to train; their results depend on nothing else but `data`.
        data: The data sets that the trials name.
        folder: Where the ledger and `trials/<name>/` are made; this process owns it, see
            `runs.folder.owned`.
        executor: How the trials are run.
        tensorboard: Whether each trial logs for TensorBoard.
        halving: Whether weak trials are stopped at rungs; see `halving`.

    Yields:
        The fitted PCA by `(data set, validation split)`, and the events as they happen.

    Raises:
        ArtifactError: If a trial of the same name was begun here with other settings, data or
            version; the message says what differs.
        DiskFull: From the events, when there is no room for what a trial leaves.
    """
    checksums = {
        name: data[name].checksums() for name in {trial.experiment.dataset for trial in trials}
    }
    planned = [
        Job(
            trial.name,
            trial.experiment,
            folder / run_files.TRIALS / trial.name,
            checksums[trial.experiment.dataset],
            tensorboard,
        )
        for trial in sorted(trials, key=lambda trial: _cost(trial, data), reverse=True)
    ]
    with (
        tempfile.TemporaryDirectory(prefix="kerasae-") as shared,
        Ledger(folder) as ledger,
    ):
        store = DataStore(Path(shared))
        records = TrialRecords(planned, ledger, halving=halving)
        earlier = records.earlier()
        queue = JobQueue(records.jobs())
        with executor.running(queue, TrainWork(store)) as events:
            for name in dict.fromkeys(trial.experiment.dataset for trial in trials):
                store.add(data[name])
            recorded = records.recording(events, queue)
            yield _fit_bases(trials, data, store), itertools.chain(earlier, recorded)


def check_trials(trials: Sequence[Trial], data: Mapping[str, ImageData]) -> None:
    """Checks, before anything is written, what only the data can tell.

    Raises:
        InvalidSetting: If a batch is larger than the training set.
    """
    for trial in trials:
        experiment = trial.experiment
        experiment.batch_for(len(data[experiment.dataset].parts(experiment.validation_split).train))


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
