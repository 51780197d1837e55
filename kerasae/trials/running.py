"""Runs the trials of sweeps and studies in parallel, on any number of data sets."""

import contextlib
import itertools
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kerasae.data.image_data import ImageData
from kerasae.memory import check_memory, check_training, training_bytes, weights_of
from kerasae.pca import PCA
from kerasae.runs import run_files
from kerasae.runs.fitting import warn_if_slow
from kerasae.trials.data_store import DataStore
from kerasae.trials.earlier import known_trials
from kerasae.trials.executors import ProcessExecutor
from kerasae.trials.grid import Grid
from kerasae.trials.jobs import Event, Executor, Job, JobQueue, Work
from kerasae.trials.ledger import Ledger
from kerasae.trials.schedule import Schedule
from kerasae.trials.train_work import TrainWork
from kerasae.trials.trial import Trial, Trials

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
        trials: What to train; their results depend on nothing else but `data`. A `Grid` is that of
            a sweep that is resolved.
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
        MemoryExceeded: If as many of the largest networks as are trained at once are too large for
            this machine.
        DiskFull: From the events, when there is no room for what a trial leaves.
    """
    planned = trials if isinstance(trials, Grid) else Trials(resolved_trials(trials, data))
    _check_memory(planned, data, executor)
    # Once for all of them, and not by each worker.
    for precision in planned.precisions():
        warn_if_slow(precision)
    md5 = {name: data[name].checksums() for name in {name for name, _ in planned.components()}}
    jobs = _Jobs(planned, data, folder / run_files.TRIALS, md5, tensorboard)
    with tempfile.TemporaryDirectory(prefix="kerasae-") as shared:
        store = DataStore(Path(shared))
        work = TrainWork(store)
        with running_jobs(jobs, work, folder, executor, halving=halving) as events:
            for name in md5:
                store.add(data[name])
            yield _fit_bases(planned, data, store), events


@contextlib.contextmanager
def running_jobs(
    jobs: Mapping[str, Job], work: Work, folder: Path, executor: Executor, *, halving: bool = False
) -> Iterator[Iterator[Event]]:
    """Runs the jobs that are left, and keeps the ledger; see `running_trials`.

    Args:
        jobs: All planned jobs by name, in the order they are to be started.
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


def _check_memory(trials: Trials, data: Mapping[str, ImageData], executor: Executor) -> None:
    """Refuses what this machine has no memory for; a cluster's has its workers look."""
    largest = trials[next(trials.longest_first(data))].experiment
    pixels = data[largest.dataset].pixels
    check_training(largest, pixels)
    if isinstance(executor, ProcessExecutor) and (count := min(executor.workers, len(trials))) > 1:
        check_memory(
            f"training {count} networks at once, of up to {weights_of(largest, pixels):,} weights,",
            count * training_bytes(largest, pixels),
            "choose fewer --jobs",
        )


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


class _Jobs(Mapping[str, Job]):
    """The job of each trial by its name, in the order they are to be started, made when needed."""

    def __init__(
        self,
        trials: Trials,
        data: Mapping[str, ImageData],
        place: Path,
        md5: Mapping[str, tuple[str, ...]],
        tensorboard: bool,
    ) -> None:
        self._trials, self._data, self._place, self._md5 = trials, data, place, md5
        self._tensorboard = tensorboard

    def __len__(self) -> int:
        return len(self._trials)

    def __iter__(self) -> Iterator[str]:
        return (self._trials.name(number) for number in self._trials.longest_first(self._data))

    def __contains__(self, name: object) -> bool:
        try:
            self._trials.number_of(str(name))
        except KeyError:
            return False
        return True

    def __getitem__(self, name: str) -> Job:
        trial = self._trials[self._trials.number_of(name)]
        md5 = self._md5[trial.experiment.dataset]
        return Job(name, trial.experiment, self._place / name, md5, self._tensorboard)


def _fit_bases(trials: Trials, data: Mapping[str, ImageData], store: DataStore) -> Bases:
    """Fits PCA once for all trials that train on the same images."""
    most = trials.components()
    return {
        key: store.add_pca(data[key[0]], key[1], components) for key, components in most.items()
    }
