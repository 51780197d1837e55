"""Runs the trials of sweeps and studies in parallel, on any number of data sets."""

import contextlib
import itertools
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kerasae.data.image_data import ImageData
from kerasae.pca import PCA
from kerasae.runs import run_files
from kerasae.runs.fitting import warn_if_slow
from kerasae.trials.data_store import DataStore
from kerasae.trials.earlier import known_trials
from kerasae.trials.jobs import Event, Executor, Job, JobQueue, Work
from kerasae.trials.ledger import Ledger
from kerasae.trials.schedule import Schedule
from kerasae.trials.train_work import TrainWork
from kerasae.trials.trial import Trial

Bases = dict[tuple[str, float], PCA]


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
            `owned`.
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
    trials = resolved_trials(trials, data)
    # Once for all of them, and not by each worker.
    for precision in {trial.experiment.precision for trial in trials}:
        warn_if_slow(precision)
    md5 = {name: data[name].checksums() for name in {one.experiment.dataset for one in trials}}
    place = folder / run_files.TRIALS
    planned = [
        Job(one.name, one.experiment, place / one.name, md5[one.experiment.dataset], tensorboard)
        for one in sorted(trials, key=lambda trial: _cost(trial, data), reverse=True)
    ]
    with tempfile.TemporaryDirectory(prefix="kerasae-") as shared:
        store = DataStore(Path(shared))
        work = TrainWork(store)
        with running_jobs(planned, work, folder, executor, halving=halving) as events:
            for name in md5:
                store.add(data[name])
            yield _fit_bases(trials, data, store), events


@contextlib.contextmanager
def running_jobs(
    jobs: Sequence[Job], work: Work, folder: Path, executor: Executor, *, halving: bool = False
) -> Iterator[Iterator[Event]]:
    """Runs the jobs that are left, and keeps the ledger; see `running_trials`.

    Args:
        jobs: All planned jobs, in the order they are to be started.
        work: What is done with each; what it needs may be prepared until the first event is
            asked for.
        folder: Where the ledger is.
        executor: How the jobs are run.
        halving: Whether weak trials are stopped at rungs.

    Yields:
        What happens; first, what is known from earlier.
    """
    with Ledger(folder) as ledger:
        schedule = Schedule(jobs, known_trials(jobs, ledger, halving=halving), halving=halving)
        earlier = schedule.earlier()
        queue = JobQueue(ledger.beginning(schedule.jobs()))
        with executor.running(queue, work) as events:
            recorded = ledger.recording(schedule.following(events, queue))
            yield itertools.chain(earlier, recorded)


def resolved_trials(trials: Sequence[Trial], data: Mapping[str, ImageData]) -> list[Trial]:
    """Returns trials with the settings that follow from the data, which nothing else tells.

    Raises:
        InvalidSetting: If a batch is larger than the training set.
    """
    experiments = [trial.experiment for trial in trials]
    return [
        Trial(trial.name, data[one.dataset].resolved(one))
        for trial, one in zip(trials, experiments, strict=True)
    ]


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
    return sum(a * b for a, b in itertools.pairwise(widths)) * experiment.pace.epochs * len(images)
