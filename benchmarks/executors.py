"""Measures what the executors and the ledger cost per trial, with trials that do nothing.

    python benchmarks/executors.py --trials 1000000 --processes 20000 --ray 10000

Each count is a run of its own; 0 leaves it out. Jobs are planned one at a time, as workers take
them, and every job has its two lines in a real ledger, so memory does not grow with their number.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kerasae.experiment import Experiment
from kerasae.trials.executors import ProcessExecutor, SerialExecutor, resident_bytes
from kerasae.trials.jobs import Ending, Executor, Finished, Job, JobQueue, Report
from kerasae.trials.ledger import LEDGER, Ledger


@dataclasses.dataclass(frozen=True)
class NoWork:
    """Does nothing."""

    def prepare(self, *, alone: bool) -> None:
        """Needs nothing."""

    def portable(self) -> NoWork:
        """Is it already."""
        return self

    def run(self, job: Job, report: Report) -> Ending:
        """Is done at once."""
        return Finished(job.name, {})


def measure(name: str, executor: Executor, trials: int) -> None:
    """Runs so many trials and prints their cost."""
    before = resident_bytes()
    with tempfile.TemporaryDirectory() as temporary, Ledger(Path(temporary)) as ledger:
        queue = JobQueue(ledger.beginning(_planned(trials, Path(temporary))))
        with executor.running(queue, NoWork()) as events:
            recorded = ledger.recording(events)
            next(recorded)
            # Starting the workers is no cost of a trial.
            started = time.perf_counter()
            done = 1 + sum(1 for _ in recorded)
            seconds = time.perf_counter() - started
        written = (Path(temporary) / LEDGER).stat().st_size
    assert done == trials
    grown = (resident_bytes() - before) / (1 << 20)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:<24}{trials:>10,} trials {trials / seconds:>9,.0f}/s "
        f"{seconds / trials * 1e6:>8,.0f} us each, RSS {grown:+.0f} MiB (peak {peak:.0f} MiB), "
        f"ledger {written / (1 << 20):,.0f} MiB",
        flush=True,
    )


def _planned(trials: int, folder: Path) -> Iterator[Job]:
    experiment = Experiment("mnist5k")
    for number in range(trials):
        name = f"trial-{number}"
        yield Job(name, experiment, folder / name, ("",))


def main() -> None:
    """Measures what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1_000_000, help="with the serial executor")
    parser.add_argument("--processes", type=int, default=20_000, help="with 1 and 2 processes")
    parser.add_argument("--ray", type=int, default=10_000, help="with Ray on this machine")
    counts = parser.parse_args()
    if counts.trials:
        measure("serial", SerialExecutor(), counts.trials)
    if counts.processes:
        for workers in (1, 2):
            measure(f"processes, {workers}", ProcessExecutor(workers), counts.processes)
    if counts.ray:
        from kerasae.trials.ray.executor import RayExecutor

        measure("ray, 2 CPUs", RayExecutor(2), counts.ray)


if __name__ == "__main__":
    main()
