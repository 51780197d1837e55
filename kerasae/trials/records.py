"""Keeps the ledger while trials run: what is left to do, what came of each, who goes on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from kerasae.errors import DiskFull
from kerasae.files import whole_files
from kerasae.identity import Identity, check_same, flat
from kerasae.runs import run_files
from kerasae.runs.reading import read_experiment, read_history
from kerasae.training.checkpoints import Checkpoints
from kerasae.trials.halving import next_step, rungs
from kerasae.trials.jobs import (
    Died,
    Event,
    Failed,
    Finished,
    Job,
    JobQueue,
    NoRoom,
    Paused,
    Stopped,
    Warned,
)
from kerasae.trials.ledger import Entry, Ledger

ATTEMPTS = 3
Group = tuple[str, int, int]


class TrialRecords:
    """The one writer of a run folder's ledger.

    Args:
        jobs: All planned jobs, in the order they are to be started.
        ledger: The ledger, which is read here.
        halving: Whether weak trials are stopped at rungs.

    Raises:
        ArtifactError: If the ledger has a trial of the same name that differs.
    """

    def __init__(self, jobs: Sequence[Job], ledger: Ledger, *, halving: bool = False) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._ledger = ledger
        self._halving = halving
        known = ledger.read()
        self._check(known)
        self._known = {name: known[name] for name in self._jobs if name in known}
        self._failed: set[str] = set()
        self._stopped: set[str] = set()
        # The rung that a group is training to.
        self._until: dict[Group, int | None] = {}
        self._groups: dict[Group, list[str]] = {}
        if halving:
            for job in jobs:
                self._groups.setdefault(_group(job), []).append(job.name)

    def earlier(self) -> list[Event]:
        """Returns the outcomes that need no work, as an earlier process had them."""
        found: list[Event] = []
        for job in self._jobs.values():
            outcome = self._earlier_outcome(job)
            if outcome is not None:
                found.append(outcome)
        for group in self._groups:
            found += self._newly_stopped(group)
        return found

    def jobs(self) -> Iterator[Job]:
        """Makes the jobs that are left, and records each as begun when it is taken."""
        if self._halving:
            for group in self._groups:
                yield from map(self._begun, self._next_of(group))
            return
        for job in self._jobs.values():
            if not self._is_over(job.name):
                yield self._begun(job)

    def recording(self, events: Iterator[Event], queue: JobQueue) -> Iterator[Event]:
        """Records what happens, and puts back what is to be tried or trained further."""
        for event in events:
            match event:
                case Finished(name, metrics):
                    self._ledger.done(name, metrics)
                    if not self._halving:
                        # Nothing about it is asked for again.
                        self._known.pop(name, None)
                    yield event
                case Failed(name, error, final):
                    yield from self._fail(name, error, final=final)
                case Died():
                    yield from self._retry(event, queue)
                case Paused(name, epoch, val_mse):
                    self._ledger.reached(name, epoch, val_mse)
                    self._known[name].rungs[epoch] = val_mse
                case NoRoom(_, message):
                    raise DiskFull(message)
                case _:
                    yield event
            if self._halving and isinstance(event, Paused | Failed | Died):
                yield from self._climb(_group(self._jobs[event.name]), queue)

    def _check(self, known: dict[str, Entry]) -> None:
        for name, job in self._jobs.items():
            if name in known:
                place = f"{job.folder.parent.parent}: {name}"
                check_same(place, flat(known[name].identity), _identity(job).flat())

    def _earlier_outcome(self, job: Job) -> Event | None:
        entry = self._known.get(job.name)
        if entry is None:
            return None
        if entry.outcome is not None and "error" in entry.outcome:
            if not entry.outcome["final"]:
                self._known[job.name] = dataclasses.replace(entry, kills=0, outcome=None)
                return None
            self._failed.add(job.name)
            return Failed(job.name, entry.outcome["error"], final=True)
        if not (job.folder / run_files.METRICS).is_file():
            entry.outcome = None
            return None
        if entry.outcome is None:
            # The worker had saved it, but nobody could write that down any more.
            if read_experiment(job.folder) != job.experiment:
                return None
            entry.outcome = {"metrics": whole_files.read_json(job.folder / run_files.METRICS)}
            self._ledger.done(job.name, entry.outcome["metrics"])
        if self._halving and not set(rungs(job.experiment.epochs)) <= set(entry.rungs):
            # A line of it was damaged, and the others would wait for what it said.
            history = read_history(job.folder)
            entry.rungs = {int(row["epoch"]): row["val_mse"] for row in history}
        return Finished(job.name, entry.outcome["metrics"])

    def _is_over(self, name: str) -> bool:
        entry = self._known.get(name)
        return entry is not None and entry.outcome is not None

    def _begun(self, job: Job) -> Job:
        if job.name not in self._known:
            identity = _identity(job).to_dict()
            self._ledger.begin(job.name, identity)
            self._known[job.name] = Entry(identity)
        return job

    def _fail(self, name: str, error: str, *, final: bool) -> Iterator[Event]:
        self._failed.add(name)
        self._ledger.failed(name, error, final=final)
        yield Failed(name, error, final)

    def _retry(self, death: Died, queue: JobQueue) -> Iterator[Event]:
        entry = self._known[death.name]
        if death.own_fault:
            self._ledger.killed(death.name)
            entry.kills += 1
        if entry.kills >= ATTEMPTS:
            error = f"its process died {entry.kills} times ({death.reason})"
            yield from self._fail(death.name, error, final=False)
            return
        job = self._jobs[death.name]
        if self._halving:
            job = dataclasses.replace(job, until=self._until[_group(job)])
        queue.put_back(job)
        yield Warned(
            death.name,
            f"its worker died ({death.reason}); it goes on from its last checkpoint, "
            f"death {entry.kills} of {ATTEMPTS}",
        )

    def _climb(self, group: Group, queue: JobQueue) -> Iterator[Event]:
        """Sends a group on to its next rung, once all its trials are at the present one."""
        if next_step(*self._group_state(group)).until != self._until[group]:
            yield from self._newly_stopped(group)
            for job in self._next_of(group):
                queue.put_back(self._begun(job))

    def _next_of(self, group: Group) -> list[Job]:
        step = next_step(*self._group_state(group))
        self._until[group] = step.until
        return [
            dataclasses.replace(self._jobs[name], until=step.until)
            for name in step.names
            if not self._is_over(name) and step.until not in self._rungs(name)
        ]

    def _newly_stopped(self, group: Group) -> Iterator[Event]:
        for name, epoch in next_step(*self._group_state(group)).stopped.items():
            if name not in self._stopped:
                self._stopped.add(name)
                job = self._jobs[name]
                Checkpoints(job.folder, _identity(job)).clear()
                yield Stopped(name, epoch, self._rungs(name)[epoch])

    def _group_state(
        self, group: Group
    ) -> tuple[list[str], int, dict[str, dict[int, float]], set[str]]:
        names = self._groups[group]
        return names, group[2], {name: self._rungs(name) for name in names}, self._failed

    def _rungs(self, name: str) -> dict[int, float]:
        return self._known[name].rungs if name in self._known else {}


def _identity(job: Job) -> Identity:
    return Identity(job.experiment, job.data_md5)


def _group(job: Job) -> Group:
    experiment = job.experiment
    return experiment.dataset, experiment.latent_dim, experiment.epochs
