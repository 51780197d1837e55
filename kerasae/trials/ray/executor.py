"""Runs jobs as Ray tasks, on this machine or on a cluster.

Only the process that calls it writes to the run's folder: what a task leaves in its own machine's
temporary folder comes back to it. Ray itself retries nothing.
"""

import contextlib
import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerasae.errors import InvalidSetting, KerasAEError
from kerasae.extras import need
from kerasae.files.interrupts import check
from kerasae.trials.executors import check_workers
from kerasae.trials.jobs import Died, Ending, Event, Job, JobQueue, Work
from kerasae.trials.ray.cluster import RayCluster, check_versions, connected, find_head
from kerasae.trials.ray.mirrored_folder import Changes, MirroredFolder, apply_changes
from kerasae.trials.ray.tasks import ChunkDone, run_chunk

# A task should take about this long, in seconds, to be worth its overhead.
_WORTH_A_TASK = 1.0
_MOST_JOBS = 1000
_GROWTH = 8
# Tasks submitted per slot: one that runs and one that waits for its place.
_IN_FLIGHT = 2
# A worker process ends after so many tasks, for TensorFlow keeps every compiled program.
_TASKS_PER_WORKER = 16
# Seconds between what a task sends of a trial's folder, for each slot of the cluster: all of
# it goes through one process.
_SEND_EVERY = 0.5
_WAIT = 1.0


class RayExecutor:
    """Runs jobs as Ray core tasks of one CPU each.

    Args:
        jobs: Tasks at once; `None` is as many as the cluster has CPUs for. Without an address,
            the CPUs of the Ray that is started.
        address: `host:port` of the head, `auto` for the cluster that this machine is part of,
            or `None` to start Ray on this machine, for itself only, and stop it at the end.
        gpus_per_trial: GPUs that each task holds; may be a fraction.

    Raises:
        InvalidSetting: If a setting is out of range, or nothing answers at the address.
        MissingExtra: If Ray is not installed.
    """

    def __init__(
        self, jobs: int | None = None, address: str | None = None, gpus_per_trial: float = 0.0
    ) -> None:
        check_workers(jobs)
        if not gpus_per_trial >= 0:
            raise InvalidSetting("gpus_per_trial", gpus_per_trial, "a number of at least 0")
        need("ray", "ray")
        self.workers = jobs
        self._head = None if address is None else find_head(address)
        self._gpus = gpus_per_trial

    @contextlib.contextmanager
    def running(self, queue: JobQueue, work: Work) -> Iterator[Iterator[Event]]:
        """See `Executor.running`.

        Raises:
            KerasAEError: If a node has other versions of Python, Keras, TensorFlow or kerasae, or
                another instruction set.
            ClusterLost: From the events, if the head does not answer any more.
        """
        with connected(self._head, self.workers) as cluster:
            check_versions(cluster)
            yield _Submission(cluster, queue, work, self.workers, self._gpus).events()


@dataclasses.dataclass
class _Submission:
    """The tasks in flight."""

    cluster: RayCluster
    queue: JobQueue
    work: Work
    most: int | None
    gpus: float
    # The jobs that a task has not done yet, the present one first.
    chunks: dict[Any, list[Job]] = dataclasses.field(default_factory=dict)
    size: int = 1

    def events(self) -> Iterator[Event]:
        import ray

        work = ray.put(self.work.portable())
        task = ray.remote(
            num_cpus=1, num_gpus=self.gpus, max_retries=0, max_calls=_TASKS_PER_WORKER
        )(run_chunk)
        while True:
            self._submit(task, work)
            if not self.chunks:
                return
            ready, _ = ray.wait(list(self.chunks), num_returns=1, timeout=_WAIT)
            check()
            if not ready:
                self.cluster.check()
            for results in ready:
                yield from self._take(results)

    def _submit(self, task: Any, work: Any) -> None:
        slots = self.cluster.slots(self.gpus)
        slots = slots if self.most is None else min(slots, self.most)
        while len(self.chunks) < _IN_FLIGHT * max(1, slots):
            jobs = list(itertools.islice(iter(self.queue.take, None), self.size))
            if not jobs:
                return
            files = [MirroredFolder(job.folder).changes().files for job in jobs]
            bare = [dataclasses.replace(job, folder=Path(job.folder.name)) for job in jobs]
            results = task.remote(work, bare, files, _SEND_EVERY * slots)
            self.chunks[results] = jobs

    def _take(self, results: Any) -> Iterator[Event]:
        import ray

        jobs = self.chunks[results]
        try:
            messages = ray.get(next(results))
        except StopIteration:
            del self.chunks[results]
            return
        except ray.exceptions.RayTaskError as error:
            reason = str(error.cause if error.cause is not None else error).splitlines()[-1]
            raise KerasAEError(f"a Ray task could not run: {reason}") from error
        except ray.exceptions.RayError as error:
            del self.chunks[results]
            yield from self._lost(jobs, error)
            return
        for message in messages:
            match message:
                case ChunkDone(seconds):
                    self._adapt(seconds)
                case Changes():
                    apply_changes(jobs[0].folder, message)
                case _:
                    if isinstance(message, Ending):
                        jobs.pop(0)
                    yield message

    def _adapt(self, seconds: float) -> None:
        """Chooses how many jobs the next tasks get, by how long the last one's took."""
        wanted = int(_WORTH_A_TASK / max(seconds, 1e-6))
        self.size = max(1, min(wanted, self.size * _GROWTH, _MOST_JOBS))

    def _lost(self, jobs: list[Job], error: Exception) -> Iterator[Event]:
        import ray

        self.cluster.check()
        if not jobs:
            return
        own_fault = not isinstance(
            error, ray.exceptions.NodeDiedError | ray.exceptions.LocalRayletDiedError
        )
        for job in jobs[1:]:
            self.queue.put_back(job)
        yield Died(jobs[0].name, _first_line(error), own_fault)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]
