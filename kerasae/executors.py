"""Runs training jobs in parallel processes of one thread each.

`concurrent.futures` gives up all its jobs when one worker is killed; here a dead worker
costs its own job only, and is replaced.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from kerasae.data_store import DataStore
from kerasae.errors import KerasAEError
from kerasae.experiment import Experiment
from kerasae.runtime import give_memory_back, start_tensorflow


@dataclasses.dataclass(frozen=True)
class Job:
    """A training run to do, and the folder its artifacts go to."""

    name: str
    experiment: Experiment
    folder: Path
    tensorboard: bool = False


@dataclasses.dataclass(frozen=True)
class Started:
    """A worker has taken a job."""

    name: str
    epochs: int


@dataclasses.dataclass(frozen=True)
class EpochDone:
    """A job has finished an epoch; `logs` has `val_mse`, `val_psnr`, `images_per_second`."""

    name: str
    epoch: int
    logs: dict[str, float]


@dataclasses.dataclass(frozen=True)
class Finished:
    """A job is done and saved."""

    name: str
    metrics: dict[str, float | int | None]


@dataclasses.dataclass(frozen=True)
class Failed:
    """A job diverged, raised, or killed its worker."""

    name: str
    error: str


Event = Started | EpochDone | Finished | Failed

# TensorFlow keeps every compiled program for the life of its process, and compiling the next
# takes 150 MiB for a while: a worker that has grown to this much makes room for a new one, so
# that none ever needs 900 MiB.
_RETIRE_ABOVE = 750 << 20


@dataclasses.dataclass(frozen=True)
class _Retiring:
    """A worker's last message."""

    last: Finished | Failed


@dataclasses.dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    job: Job


@contextlib.contextmanager
def run_jobs(jobs: list[Job], store: Path, workers: int) -> Iterator[Iterator[Event]]:
    """Starts worker processes by spawn and yields what happens as it happens.

    Args:
        jobs: The jobs, started in this order; each worker goes from one to the next.
        store: Folder of the `DataStore` that holds the jobs' data; read when the first job is
            taken, so it may be filled after this call.
        workers: Number of processes, at least 1.

    Yields:
        An iterator of events that ends with the last job.
    """
    waiting = list(reversed(jobs))
    running: dict[Connection, _Worker] = {}
    try:
        # They import TensorFlow while the caller prepares the data.
        for _ in range(min(workers, len(jobs))):
            _start(waiting.pop(), store, running)
        yield _events(waiting, running, store)
    finally:
        for worker in running.values():
            worker.process.terminate()
            worker.process.join()
            worker.connection.close()


def _start(job: Job, store: Path, running: dict[Connection, _Worker]) -> _Worker:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_work, args=(theirs, store), daemon=True)
    process.start()
    theirs.close()
    worker = running[ours] = _Worker(process, ours, job)
    return worker


def _hand_over(worker: _Worker) -> Started:
    # A worker that has died already shows itself at the next receive.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        worker.connection.send(worker.job)
    return Started(worker.job.name, worker.job.experiment.epochs)


def _events(waiting: list[Job], running: dict[Connection, _Worker], store: Path) -> Iterator[Event]:
    for worker in running.values():
        yield _hand_over(worker)
    while running:
        for connection in wait(list(running)):
            worker = running[connection]  # type: ignore[index]
            try:
                message: Event | _Retiring = worker.connection.recv()
            except (EOFError, ConnectionResetError):
                _dismiss(worker, running)
                code = worker.process.exitcode
                yield Failed(worker.job.name, f"its process died (exit code {code})")
                yield from _replace(waiting, running, store)
                continue
            if isinstance(message, _Retiring):
                _dismiss(worker, running)
                yield message.last
                yield from _replace(waiting, running, store)
                continue
            yield message
            if isinstance(message, Finished | Failed):
                if waiting:
                    worker.job = waiting.pop()
                    yield _hand_over(worker)
                else:
                    _dismiss(worker, running)


def _replace(
    waiting: list[Job], running: dict[Connection, _Worker], store: Path
) -> Iterator[Event]:
    if waiting:
        yield _hand_over(_start(waiting.pop(), store, running))


def _dismiss(worker: _Worker, running: dict[Connection, _Worker]) -> None:
    del running[worker.connection]
    worker.connection.close()
    worker.process.join()


def _work(connection: Connection, store: Path) -> None:
    """Runs in the worker: takes jobs from the pipe until it is closed."""
    start_tensorflow(threads=1, lean=True)
    opened = DataStore(store)
    with contextlib.suppress(EOFError, KeyboardInterrupt, BrokenPipeError):
        while True:
            job: Job = connection.recv()
            outcome = _run(job, opened, connection)
            give_memory_back()
            if _resident_bytes() > _RETIRE_ABOVE:
                connection.send(_Retiring(outcome))
                return
            connection.send(outcome)


def _resident_bytes() -> int:
    """Memory of this process that is in RAM; 0 where Linux' /proc is missing."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _run(job: Job, store: DataStore, connection: Connection) -> Finished | Failed:
    from kerasae.artifacts import save_run
    from kerasae.training import train

    try:
        run = train(
            job.experiment,
            store.data(job.experiment.dataset),
            pca=store.pca(job.experiment.dataset, job.experiment.validation_split),
            on_epoch=lambda epoch, logs: connection.send(EpochDone(job.name, epoch, logs)),
            tensorboard=job.folder / "tensorboard" if job.tensorboard else None,
        )
        save_run(job.folder, job.experiment, run)
    except KerasAEError as error:
        return Failed(job.name, str(error))
    # Anything else that one trial raises must not end the others; its type tells it apart.
    except Exception as error:
        return Failed(job.name, f"{type(error).__name__}: {error}".splitlines()[0])
    return Finished(job.name, run.metrics)
