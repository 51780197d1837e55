"""What runs inside a Ray worker."""

import dataclasses
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kerasae.trials.jobs import EpochDone, Event, Job, Work
from kerasae.trials.ray.mirrored_folder import Changes, MirroredFolder, apply_changes

# Messages are sent together, so often, in seconds.
_SEND_EVERY = 0.1


@dataclasses.dataclass(frozen=True)
class ChunkDone:
    """The end of a task; it took so many seconds for each of its jobs."""

    seconds_per_job: float


# The ending of a job is the last that is told of it.
Message = Event | Changes | ChunkDone


def run_chunk(
    work: Work, jobs: list[Job], files: list[dict[str, bytes]], send_every: float
) -> Iterator[list[Message]]:
    """Does jobs, one after another.

    The work runs in a thread of its own, so that what happens can be sent meanwhile.

    Args:
        work: What to do with each.
        jobs: The jobs; their folders are made anew, in a temporary one.
        files: The files that each job's folder has at first.
        send_every: Seconds between what is sent of a folder before its job is done.

    Yields:
        Messages in order. The changes of a job's folder come before the event that tells of
        them, and its ending is the last of a job.
    """
    messages: queue.SimpleQueue[Message | Exception] = queue.SimpleQueue()

    def do_all() -> None:
        started = time.perf_counter()
        try:
            work.prepare(alone=True)
            for job, content in zip(jobs, files, strict=True):
                _do(work, job, content, messages.put, send_every)
            messages.put(ChunkDone((time.perf_counter() - started) / len(jobs)))
        # The other thread raises it, for Ray to hear of it.
        except Exception as error:
            messages.put(error)

    threading.Thread(target=do_all, daemon=True).start()
    pending: list[Message] = []
    due = time.monotonic()
    last = False
    while not last:
        message = messages.get()
        if isinstance(message, Exception):
            raise message
        pending.append(message)
        last = isinstance(message, ChunkDone)
        # A single trial's events are far apart, and go at once.
        if last or time.monotonic() >= due:
            yield pending
            pending = []
            due = time.monotonic() + _SEND_EVERY


def _do(
    work: Work, job: Job, content: dict[str, bytes], put: Callable[[Message], None], every: float
) -> None:
    with tempfile.TemporaryDirectory(prefix="kerasae-") as temporary:
        here = dataclasses.replace(job, folder=Path(temporary) / job.folder)
        apply_changes(here.folder, Changes(content, []))
        mirror = MirroredFolder(here.folder)
        mirror.changes()
        due = time.monotonic()

        def send_changes() -> None:
            changes = mirror.changes()
            if changes.files or changes.gone:
                put(changes)

        def report(event: Event) -> None:
            nonlocal due
            if isinstance(event, EpochDone) and time.monotonic() >= due:
                send_changes()
                due = time.monotonic() + every
            put(event)

        ending = work.run(here, report)
        send_changes()
        put(ending)
