"""Work for executors that takes no time: real files and processes, no training.

A job's name says what it does: `fine…`, `killing-once…` and `killing-always…` kill their worker,
`raising…` raises, `full…` has no room, `waiting…` waits for the file `go` beside the notes.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from pathlib import Path

from kerasae.experiment import Experiment
from kerasae.files import whole_files
from kerasae.runs import run_files
from kerasae.trials.halving import rungs
from kerasae.trials.jobs import (
    Ending,
    EpochDone,
    Failed,
    Finished,
    Job,
    NoRoom,
    Paused,
    Report,
    Started,
)
from kerasae.trials.running import running_jobs

RUNS = "runs"


@dataclasses.dataclass(frozen=True)
class SmallWork:
    """Notes each run in a folder that all workers see."""

    notes: Path

    def prepare(self, *, alone: bool) -> None:
        """Needs nothing."""

    def portable(self) -> SmallWork:
        """Is it already."""
        return self

    def run(self, job: Job, report: Report) -> Ending:
        """Does what the job's name says."""
        report(Started(job.name, job.experiment.epochs))
        before = len(list(self.notes.glob(f"{job.name}.*")))
        (self.notes / f"{job.name}.{before}").touch()
        job.folder.mkdir(parents=True, exist_ok=True)
        (job.folder / "state").write_text(f"{before}")
        report(EpochDone(job.name, 1, {}))
        if job.name.startswith("killing-always") or (
            job.name.startswith("killing-once") and before == 0
        ):
            os.kill(os.getpid(), signal.SIGKILL)
        while job.name.startswith("waiting") and not (self.notes / "go").exists():
            time.sleep(0.1)
        if job.name.startswith("raising"):
            return Failed(job.name, "raised")
        if job.name.startswith("full"):
            return NoRoom(job.name, f"{job.folder}: there is no room")
        if job.until is not None:
            return Paused(job.name, job.until, score(job, job.until))
        mse, epochs = score(job, job.experiment.epochs), job.experiment.epochs
        metrics = {
            "val_mse": mse, "test_mse": mse, "test_psnr": 1.0, "epochs": epochs, "seconds": 1.0,
        }  # fmt: skip
        whole_files.write_json(job.folder / run_files.EXPERIMENT, job.experiment.to_dict())
        epochs = range(1, job.experiment.epochs + 1)
        rows = [{"epoch": epoch, "mse": 1.0, "val_mse": score(job, epoch)} for epoch in epochs]
        whole_files.write_csv(job.folder / run_files.HISTORY, list(rows[0]), rows)
        whole_files.write_json(job.folder / run_files.METRICS, metrics)
        return Finished(job.name, metrics)


def score(job: Job, epoch: int) -> float:
    """A validation MSE that falls with the epochs, and grows with width and seed."""
    return (job.experiment.hidden_dims[0] + job.experiment.seed) / epoch


def jobs_of(folder: Path, names: list[str], **settings: object) -> list[Job]:
    pace = {"epochs": 10, "batch_size": 128, "learning_rate": 0.001, **settings}
    return [
        Job(name, Experiment("mnist5k", (width,), **pace), folder / run_files.TRIALS / name)
        for width, name in enumerate(names, 1)
    ]


def drive(jobs: list[Job], executor, folder: Path, *, halving: bool = False, on_event=None):
    """Runs jobs as a sweep does; returns all events."""
    notes = folder / RUNS
    notes.mkdir(parents=True, exist_ok=True)
    seen = []
    named = {job.name: job for job in jobs}
    with running_jobs(named, SmallWork(notes), folder, executor, halving=halving) as events:
        for event in events:
            seen.append(event)
            if on_event is not None:
                on_event(event)
    return seen


def runs_of(folder: Path) -> dict[str, int]:
    """How often each job was run."""
    names = [path.stem for path in (folder / RUNS).glob("*.*")]
    return {name: names.count(name) for name in names}


def stopped_by_hand(names: list[str], epochs: int) -> dict[str, int]:
    """Which of the jobs halving stops, and when, by what `score` says."""
    stopped, alive = {}, list(names)
    for rung in rungs(epochs):
        kept = alive[: -(-len(alive) // 2)]
        stopped |= {name: rung for name in alive if name not in kept}
        alive = kept
    return stopped
