"""Jobs for workers, and what happens to them."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec

from kerasae.experiment import Experiment
from kerasae.identity import Identity


@dataclasses.dataclass(frozen=True)
class Job:
    """A training run to do.

    Args:
        name: Its name, of its own among the jobs.
        experiment: The settings.
        folder: Where its artifacts and checkpoints go.
        data_md5: Checksums of the data set, part of the identity of its checkpoints.
        tensorboard: Whether it logs for TensorBoard.
        until: Epochs after which it pauses at its checkpoint; `None` trains to the end.
    """

    name: str
    experiment: Experiment
    folder: Path
    data_md5: tuple[str, ...] = ()
    tensorboard: bool = False
    until: int | None = None

    @property
    def identity(self) -> Identity:
        """What the run's result is the result of."""
        return Identity(self.experiment, self.data_md5)


class _Happened(msgspec.Struct, frozen=True):
    """Something that happened to the job of a name."""

    name: str


class Started(_Happened, frozen=True):
    """A worker has taken a job."""

    epochs: int


class Doing(_Happened, frozen=True):
    """A worker has begun a part of a job, such as `compiling`; see `train.train`."""

    stage: str


class EpochDone(_Happened, frozen=True):
    """A job has finished an epoch; `logs` has `val_mse`, `val_psnr`, `images_per_second`."""

    epoch: int
    logs: dict[str, float]


class Warned(_Happened, frozen=True):
    """Something about a job that its owner should know, such as a damaged checkpoint."""

    message: str


class Paused(_Happened, frozen=True):
    """A job has trained until the epoch that it was to pause after."""

    epoch: int
    val_mse: float


class Finished(_Happened, frozen=True):
    """A job is done and saved."""

    metrics: dict[str, Any]


class Failed(_Happened, frozen=True):
    """A job diverged, raised, or killed its workers; `final` if it would do so again."""

    error: str
    final: bool = False


class Stopped(_Happened, frozen=True):
    """A trial was among the weak ones at a rung, and does not go on."""

    epoch: int
    val_mse: float


class Died(_Happened, frozen=True):
    """A job's worker died while it worked on it.

    Args:
        reason: What is known of the death.
        own_fault: Whether the job may have caused it; the loss of a whole machine is not its.
    """

    reason: str
    own_fault: bool = True


class NoRoom(_Happened, frozen=True):
    """A worker could not write; the run has to end, for the next one could not either."""

    message: str


# What comes of a trial.
Outcome = Finished | Failed | Stopped
# What a worker's work on a job ends with; what else it tells of is on the way.
Ending = Finished | Failed | Paused | NoRoom
Event = Started | Doing | EpochDone | Warned | Paused | Stopped | Finished | Failed | Died | NoRoom
Report = Callable[[Event], None]


class Work(Protocol):
    """What workers do with a job; sent to them by pickle."""

    def prepare(self, *, alone: bool) -> None:
        """Called in each worker before its first job; `alone` if it does nothing else."""
        ...

    def run(self, job: Job, report: Report) -> Ending:
        """Does a job; what happens on the way is reported, what came of it returned."""
        ...

    def portable(self) -> Work:
        """Returns the same work with all that it needs, for workers on other machines."""
        ...


class JobQueue:
    """Jobs in the order they are to be started, made as they are needed.

    Args:
        jobs: The jobs.

    Example:

    >>> queue = JobQueue([])
    >>> queue.put_back(Job("a", Experiment(), Path("a")))
    >>> queue.take().name, queue.take()
    ('a', None)
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._planned: Iterator[Job] = iter(jobs)
        self._returned: collections.deque[Job] = collections.deque()

    def take(self) -> Job | None:
        """Returns the next job, or `None` when there is none now."""
        return self._returned.popleft() if self._returned else next(self._planned, None)

    def put_back(self, job: Job) -> None:
        """Adds a job that is to be done next."""
        self._returned.append(job)


class Executor(Protocol):
    """A way to run jobs: in this process, in others, or on a cluster."""

    @property
    def workers(self) -> int | None:
        """Jobs at once; `None` is one per core of the cluster."""
        ...

    def running(
        self, queue: JobQueue, work: Work
    ) -> contextlib.AbstractContextManager[Iterator[Event]]:
        """Starts workers, and ends them with the context.

        The context gives an iterator of what happens as it happens. The queue is asked for
        jobs after each event, so whoever reads the events may put jobs back; the iterator ends
        when it has none and none is being done. What the work needs may be prepared until
        the first event is asked for.
        """
        ...
