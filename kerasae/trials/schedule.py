"""Which jobs are left, which are tried again, and which go on from a rung."""

import collections
import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from kerasae.errors import DiskFull
from kerasae.experiment import Experiment
from kerasae.training.checkpoints import Checkpoints
from kerasae.trials.halving import Step, next_step
from kerasae.trials.jobs import (
    Died,
    Event,
    Failed,
    Job,
    JobQueue,
    NoRoom,
    Outcome,
    Paused,
    Stopped,
    Warned,
)
from kerasae.trials.ledger import Entry

ATTEMPTS = 3


@dataclasses.dataclass
class _Group:
    """Cells that compete with each other, and the rung that their trials are training to."""

    epochs: int
    cells: dict[Experiment, list[str]] = dataclasses.field(default_factory=dict)
    until: int | None = None


class Schedule:
    """Decides what is done next, by what has happened.

    Args:
        jobs: All planned jobs by name, in the order they are to be started.
        known: What an earlier process has left; see `known_trials`.
        halving: Whether weak trials are stopped at rungs.
    """

    def __init__(
        self, jobs: Mapping[str, Job], known: Mapping[str, Entry], *, halving: bool = False
    ) -> None:
        self._jobs = jobs
        self._kills = collections.Counter({name: entry.kills for name, entry in known.items()})
        self._rungs = {name: entry.rungs for name, entry in known.items()}
        self._over: dict[str, Outcome] = {
            name: entry.outcome for name, entry in known.items() if entry.outcome is not None
        }
        self._failed = {name for name, outcome in self._over.items() if isinstance(outcome, Failed)}
        self._stopped: set[str] = set()
        self._groups = _groups(jobs.values()) if halving else {}

    def earlier(self) -> list[Event]:
        """Returns the outcomes that need no work."""
        stopped = (event for group in self._groups.values() for event in self._newly_stopped(group))
        return [*self._over.values(), *stopped]

    def jobs(self) -> Iterator[Job]:
        """Returns the jobs that are left, as far as they are known before any event."""
        if self._groups:
            for group in self._groups.values():
                yield from self._next_jobs(group)
        else:
            yield from (self._jobs[name] for name in self._jobs if name not in self._over)

    def following(self, events: Iterable[Event], queue: JobQueue) -> Iterator[Event]:
        """Hands events on, then puts back what is to be tried again or trained further.

        Args:
            events: What happens.
            queue: Where the jobs go.

        Yields:
            The events, and what follows from them.

        Raises:
            DiskFull: If there is no room for what a trial leaves.
        """
        for event in events:
            if isinstance(event, NoRoom):
                raise DiskFull(event.message)
            yield event
            group = None
            if self._groups:
                group = self._groups[_competes_in(self._jobs[event.name])]
            match event:
                case Died():
                    yield from self._retry(event, group, queue)
                case Failed(name):
                    self._failed.add(name)
                case Paused(name, epoch, val_mse):
                    self._rungs.setdefault(name, {})[epoch] = val_mse
                case _:
                    continue
            if group is not None:
                yield from self._climb(group, queue)

    def _retry(self, death: Died, group: _Group | None, queue: JobQueue) -> Iterator[Event]:
        name, job = death.name, self._jobs[death.name]
        self._kills[name] += death.own_fault
        kills = self._kills[name]
        if kills >= ATTEMPTS:
            self._failed.add(name)
            yield Failed(name, f"its process died {kills} times ({death.reason})")
            return
        queue.put_back(dataclasses.replace(job, until=group.until) if group else job)
        yield Warned(
            name,
            f"its worker died ({death.reason}); it goes on from its last checkpoint, "
            f"death {kills} of {ATTEMPTS}",
        )

    def _climb(self, group: _Group, queue: JobQueue) -> Iterator[Event]:
        """Sends a group on to its next rung, once all its trials are at the present one."""
        if self._step(group).until != group.until:
            yield from self._newly_stopped(group)
            for job in self._next_jobs(group):
                queue.put_back(job)

    def _next_jobs(self, group: _Group) -> list[Job]:
        step = self._step(group)
        group.until = step.until
        return [
            dataclasses.replace(self._jobs[name], until=step.until)
            for name in step.names
            if name not in self._over and step.until not in self._rungs.get(name, {})
        ]

    def _newly_stopped(self, group: _Group) -> Iterator[Stopped]:
        for name, epoch in self._step(group).stopped.items():
            if name not in self._stopped:
                self._stopped.add(name)
                job = self._jobs[name]
                Checkpoints(job.folder, job.identity).clear()
                yield Stopped(name, epoch, self._rungs[name][epoch])

    def _step(self, group: _Group) -> Step:
        return next_step([*group.cells.values()], group.epochs, self._rungs, self._failed)


def _competes_in(job: Job) -> tuple[str, int, int]:
    experiment = job.experiment
    return experiment.dataset, experiment.latent_dim, experiment.pace.epochs


def _groups(jobs: Iterable[Job]) -> dict[tuple[str, int, int], _Group]:
    groups: dict[tuple[str, int, int], _Group] = {}
    for job in jobs:
        group = groups.setdefault(_competes_in(job), _Group(job.experiment.pace.epochs))
        cell = dataclasses.replace(job.experiment, seed=0)
        group.cells.setdefault(cell, []).append(job.name)
    return groups
