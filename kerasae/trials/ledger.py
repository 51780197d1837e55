"""The ledger of a run folder: what has become of each trial, line after line.

One process owns it. A line is a JSON record behind the first half of its SHA-256, appended and
synced; nothing that is in place is ever written again. Nothing was promised by a last line
without its end, which is cut off before more is appended.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import time
import warnings
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from kerasae.errors import ArtifactError, KerasAEWarning
from kerasae.experiment import Count
from kerasae.files.interrupts import finishing_writes
from kerasae.files.local_files import Refused, open_local, refusing
from kerasae.files.shapes import read_shape
from kerasae.files.whole_files import writing
from kerasae.identity import RecordedIdentity
from kerasae.recorded_scores import NotBelowZero, TrialScores, read_scores
from kerasae.trials.jobs import Died, Event, Failed, Finished, Job, Paused

LEDGER = "ledger.jsonl"
_DIGITS = 32
_MOST_BYTES = 1 << 34
_MOST_WARNINGS = 10
# While trials end faster than this, in seconds, one sync is for several of them.
_SYNC_EVERY = 0.05


@dataclasses.dataclass
class Entry:
    """What the ledger says of a trial.

    Args:
        identity: What the trial is, as `Identity.to_dict` gives it.
        kills: How often it has killed its worker.
        rungs: Its validation MSE by the epoch of the rungs it has reached.
        outcome: What came of it; `None` before that.
    """

    identity: dict[str, Any]
    kills: int = 0
    rungs: dict[int, float] = dataclasses.field(default_factory=dict)
    outcome: Finished | Failed | None = None


class _Record(msgspec.Struct, frozen=True):
    """A line: a trial, and one thing that is known of it."""

    trial: str
    identity: dict[str, Any] | None = None
    killed: bool = False
    rung: Count | None = None
    val_mse: NotBelowZero | None = None
    # `metrics` of one that is done, or `error` and `final` of one that failed.
    outcome: dict[str, Any] | None = None


# Of tens of thousands of lines, each is checked while it is parsed.
_DECODER = msgspec.json.Decoder(_Record)


class Ledger:
    """Reads a ledger and appends to it; a context manager.

    Args:
        folder: The run's folder, which this process owns.

    Raises:
        ArtifactError: When it is entered, if the ledger is no regular file or cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LEDGER
        self._synced = 0.0

    def __enter__(self) -> Ledger:
        self._cut_torn_line()
        with writing(self._path):
            self._file = FileIO(self._path, "a")
        return self

    def __exit__(self, *error: object) -> None:
        with writing(self._path), self._file:
            self._sync()

    def read(self) -> dict[str, Entry]:
        """Returns what is known of each trial by its name; warns of damaged lines.

        What a damaged line said counts as not done.
        """
        entries: dict[str, Entry] = {}
        damaged = []
        with self._opened() as lines:
            for number, line in enumerate(lines, 1):
                try:
                    _take(entries, _read(line))
                except Refused:
                    damaged.append(number)
        for number in damaged[:_MOST_WARNINGS]:
            self._warn(f"line {number} is damaged")
        if len(damaged) > _MOST_WARNINGS:
            self._warn(f"{len(damaged) - _MOST_WARNINGS} more lines are damaged")
        return entries

    def beginning(self, jobs: Iterable[Job]) -> Iterator[Job]:
        """Records each job as handed to a worker when it is taken."""
        for job in jobs:
            self._append(job.name, identity=job.identity.to_dict())
            yield job

    def recording(self, events: Iterable[Event]) -> Iterator[Event]:
        """Records what happens, and hands it on to those who watch the trials.

        It is recorded before the next event is asked for, and so before anything follows
        from it.
        """
        for event in events:
            self.record(event)
            if not isinstance(event, Died):
                yield event

    def record(self, event: Event) -> None:
        """Records an event, if it is one that is to be known when the run is resumed."""
        match event:
            case Died(name, own_fault=True):
                self._append(name, killed=True)
            case Paused(name, epoch, val_mse):
                self._append(name, rung=epoch, val_mse=val_mse)
            case Finished() | Failed():
                outcome = msgspec.to_builtins(event)
                self._append(outcome.pop("name"), outcome=outcome)

    def _append(self, name: str, **what: Any) -> None:
        record = {"trial": name, **what}
        text = json.dumps(record, separators=(",", ":"), allow_nan=False).encode()
        with finishing_writes(), writing(self._path):
            end = self._file.tell()
            try:
                _write_all(self._file, _digest(text) + b" " + text + b"\n")
            except OSError:
                # Half a line would hide the next one.
                self._file.truncate(end)
                raise
            if time.monotonic() - self._synced > _SYNC_EVERY:
                self._sync()

    def _sync(self) -> None:
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    def _cut_torn_line(self) -> None:
        """Takes away what a process that was killed had not written to its end."""
        if not os.path.lexists(self._path):
            return
        with self._opened() as file:
            whole = sum(len(line) for line in file if line.endswith(b"\n"))
            size = file.tell()
        if whole < size:
            self._warn("the last line is cut off")
            with writing(self._path):
                os.truncate(self._path, whole)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        with (
            refusing(self._path, ArtifactError, "choose another (--out)"),
            open_local(self._path, _MOST_BYTES, follow_symlinks=False) as file,
        ):
            yield file

    def _warn(self, what: str) -> None:
        message = f"{self._path}: {what}; what was said there may be done again"
        warnings.warn(message, KerasAEWarning, stacklevel=3)


def _write_all(file: FileIO, line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[file.write(left) :]


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:_DIGITS].encode()


def _read(line: bytes) -> _Record:
    """Reads a line.

    Raises:
        Refused: If it is damaged, or something else than a record.
    """
    digest, _, text = line.rstrip(b"\n").partition(b" ")
    if _digest(text) != digest:
        raise Refused("has another checksum")
    try:
        return _DECODER.decode(text)
    # What is nested too deep, and text that is not UTF-8, have errors of their own.
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        raise Refused("is no record") from None


def _take(entries: dict[str, Entry], record: _Record) -> None:
    """Adds what a record says.

    Raises:
        Refused: If it says nothing.
    """
    name = record.trial
    # Without the line that says what the trial is, nothing about it can be used.
    entry = entries.get(name, Entry({}))
    match record:
        case _Record(identity=dict(identity)):
            read_shape(identity, RecordedIdentity)
            if entry.identity != identity:
                entries[name] = Entry(identity)
        case _Record(killed=True):
            entry.kills += 1
        case _Record(rung=int(rung), val_mse=float(val_mse)):
            entry.rungs[rung] = val_mse
        case _Record(outcome=dict(outcome)):
            kind: type[Finished | Failed] = Finished if "metrics" in outcome else Failed
            told = read_shape({**outcome, "name": name}, kind)
            if isinstance(told, Finished):
                read_scores(told.metrics, TrialScores)
            entry.outcome = told
        case _:
            raise Refused("says nothing of its trial")
