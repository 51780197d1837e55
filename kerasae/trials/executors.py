"""Runs jobs in this process, or in parallel processes that are replaced when they die.

`concurrent.futures` gives up all its jobs when one worker is killed; here a dead worker
costs its own job only, and that one goes on from its checkpoint.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import types
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from kerasae.errors import InvalidSetting
from kerasae.files.child_process import die_with
from kerasae.files.interrupts import Interrupted, check, handling_signals
from kerasae.trials.jobs import Died, Ending, Event, Job, JobQueue, Work

# TensorFlow keeps every compiled program for the life of its process, and compiling the next
# takes some 80 MiB for a while: a worker that has grown to this much makes room for a new one,
# so that none ever needs 900 MiB.
_RETIRE_ABOVE = 800 << 20
# Seconds for a worker to finish what it is writing, once it is told to end.
_GRACE = 15


def check_workers(workers: int | None) -> None:
    """Checks how many jobs are to be run at once.

    Raises:
        InvalidSetting: If it is below 1.
    """
    if workers is not None and workers < 1:
        raise InvalidSetting("jobs", workers, "a whole number of at least 1")


class SerialExecutor:
    """Runs jobs in this process, one after another: for debugging, and where there is no other.

    TensorFlow computes with one thread, if it was not imported before with more.
    """

    workers = 1

    @contextlib.contextmanager
    def running(self, queue: JobQueue, work: Work) -> Iterator[Iterator[Event]]:
        """See `Executor.running`."""
        yield self._events(queue, work)

    def _events(self, queue: JobQueue, work: Work) -> Iterator[Event]:
        work.prepare(alone=False)
        while (job := queue.take()) is not None:
            seen: list[Event] = []
            ending = work.run(job, seen.append)
            yield from seen
            yield ending


class ProcessExecutor:
    """Runs jobs in processes of one thread each, started by spawn.

    Args:
        workers: Number of processes, at least 1.

    Raises:
        InvalidSetting: If it is below 1.
    """

    def __init__(self, workers: int) -> None:
        check_workers(workers)
        self.workers = workers

    @contextlib.contextmanager
    def running(self, queue: JobQueue, work: Work) -> Iterator[Iterator[Event]]:
        """See `Executor.running`; the workers import TensorFlow meanwhile."""
        workers: dict[Connection, _Worker] = {}
        try:
            list(self._fill(workers, queue, work))
            yield self._events(workers, queue, work)
        finally:
            for worker in workers.values():
                worker.process.terminate()
            for worker in workers.values():
                worker.process.join(_GRACE)
                worker.process.kill()
                worker.close()

    def _fill(
        self, workers: dict[Connection, _Worker], queue: JobQueue, work: Work
    ) -> Iterator[_Worker]:
        """Starts workers while there is a job and a place for one, and gives each."""
        while len(workers) < self.workers and (job := queue.take()) is not None:
            worker = _Worker(job, work)
            workers[worker.connection] = worker
            yield worker

    def _events(
        self, workers: dict[Connection, _Worker], queue: JobQueue, work: Work
    ) -> Iterator[Event]:
        for worker in workers.values():
            worker.hand_over()
        while workers:
            for connection in wait(list(workers)):
                worker = workers[connection]  # type: ignore[index]
                try:
                    event: Event = worker.connection.recv()
                except (EOFError, ConnectionResetError):
                    workers.pop(worker.connection).close()
                    yield Died(worker.job.name, f"exit code {worker.process.exitcode}")
                    continue
                # Before the next job is taken, for the event may put one back.
                yield event
                if isinstance(event, Ending):
                    retires = resident_bytes(worker.process.pid) > _RETIRE_ABOVE
                    if retires or (job := queue.take()) is None:
                        workers.pop(worker.connection).close()
                    else:
                        worker.job = job
                        worker.hand_over()
            for worker in self._fill(workers, queue, work):
                worker.hand_over()
            check()


class _Worker:
    """A process, and the job that it is there for."""

    def __init__(self, job: Job, work: Work) -> None:
        self.job = job
        self.connection, self.process = spawned(_work, work, os.getpid())

    def hand_over(self) -> None:
        """Sends the job; a worker that has died already shows itself at the next receive."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send(self.job)

    def close(self) -> None:
        """Waits for the process, which ends with its connection."""
        self.connection.close()
        self.process.join()


def spawned(
    target: Callable[..., None], *arguments: Any, daemon: bool = True
) -> tuple[Connection, BaseProcess]:
    """Calls a function in a new process, with one end of a pipe before its other arguments.

    Args:
        target: The function.
        arguments: Its other arguments.
        daemon: Whether the process ends with this one, and has no processes of its own.

    Returns:
        The other end, and the process.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=target, args=(theirs, *arguments), daemon=daemon)
    with _without_main():
        process.start()
    theirs.close()
    return ours, process


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Keeps a new process from running this one's script again, which it has no need of.

    Without `if __name__ == "__main__":` the script would start its sweep once more there.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _work(connection: Connection, work: Work, parent: int) -> None:
    """Runs in the worker: takes jobs from the pipe until it is closed."""
    # Others may take the folder of a parent that has died.
    die_with(parent)
    with contextlib.suppress(Interrupted), handling_signals():
        # Ctrl-C goes to all processes of a terminal; the parent decides what becomes of them.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        work.prepare(alone=True)
        with contextlib.suppress(EOFError, BrokenPipeError):
            while True:
                connection.send(work.run(connection.recv(), connection.send))


def resident_bytes(process: int | str | None = "self") -> int:
    """Memory of a process that is in RAM; 0 where Linux' /proc is missing."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
