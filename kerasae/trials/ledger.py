"""The ledger of a run folder: what has become of each trial, line after line.

One process owns it. A line is a JSON record behind the first half of its SHA-256, appended and
synced. When the ledger is opened, what it says of each trial is written anew beside it and
moved into place, and a copy of the old file is kept.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import time
import warnings
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

from kerasae.errors import ArtifactError, KerasAEWarning
from kerasae.files.bounded_json import parse_json
from kerasae.files.interrupts import finishing_writes
from kerasae.files.local_files import open_local, refusing
from kerasae.files.whole_files import replacing, write_error

LEDGER = "ledger.jsonl"
_PREVIOUS = "ledger.previous.jsonl"
_DIGITS = 32
_MOST_BYTES = 1 << 34
_MOST_DEPTH = 64
# While trials end faster than this, in seconds, one sync is for several of them.
_SYNC_EVERY = 0.05


@dataclasses.dataclass
class Entry:
    """What the ledger says of a trial.

    Args:
        identity: What the trial is, as `Identity.to_dict` gives it.
        kills: How often it has killed its worker.
        rungs: Its validation MSE by the epoch of the rungs it has reached.
        outcome: `{"metrics": …}` when it is done, `{"error": …, "final": …}` when it failed,
            `None` before that.
    """

    identity: dict[str, Any]
    kills: int = 0
    rungs: dict[int, float] = dataclasses.field(default_factory=dict)
    outcome: dict[str, Any] | None = None


class Ledger:
    """Reads a ledger and appends to it; a context manager.

    Args:
        folder: The run's folder, which this process owns.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LEDGER
        self._previous = folder / _PREVIOUS
        self._file: FileIO | None = None
        self._synced = 0.0

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._sync()
            self._file.close()

    def read(self) -> dict[str, Entry]:
        """Returns what is known of each trial by its name; warns of damaged lines.

        A trial whose line is damaged counts as not done. Where the ledger itself is missing,
        the one before it is read.
        """
        entries: dict[str, Entry] = {}
        path = self._path
        if not path.exists() and self._previous.exists():
            warnings.warn(
                f"{path}: is missing; going on from the one before it",
                KerasAEWarning,
                stacklevel=2,
            )
            path = self._previous
        if path.exists():
            for record in _records(path):
                _take(entries, record)
            self._rewrite(entries)
        return entries

    def begin(self, name: str, identity: dict[str, Any]) -> None:
        """Records that a trial is handed to a worker."""
        self._append({"trial": name, "identity": identity})

    def killed(self, name: str) -> None:
        """Records that a trial has killed its worker."""
        self._append({"trial": name, "killed": True})

    def reached(self, name: str, epoch: int, val_mse: float) -> None:
        """Records a trial's validation MSE at a rung."""
        self._append({"trial": name, "rung": epoch, "val_mse": val_mse})

    def done(self, name: str, metrics: dict[str, Any]) -> None:
        """Records that a trial is done and saved."""
        self._append({"trial": name, "outcome": {"metrics": metrics}})

    def failed(self, name: str, error: str, *, final: bool) -> None:
        """Records that a trial failed; `final` if it would fail again."""
        self._append({"trial": name, "outcome": {"error": error, "final": final}})

    def _append(self, record: dict[str, Any]) -> None:
        with finishing_writes():
            try:
                if self._file is None:
                    self._file = self._path.open("ab", buffering=0)
                end = self._file.tell()
                try:
                    _write_all(self._file, _line(record))
                except OSError:
                    # Half a line would hide the next one.
                    self._file.truncate(end)
                    raise
                if time.monotonic() - self._synced > _SYNC_EVERY:
                    self._sync()
            except OSError as error:
                raise write_error(self._path, error) from error

    def _sync(self) -> None:
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()

    def _rewrite(self, entries: dict[str, Entry]) -> None:
        if self._path.exists():
            # A copy, for there must be a ledger at every moment.
            with replacing(self._previous) as temporary:
                shutil.copyfile(self._path, temporary)
        with replacing(self._path) as temporary, temporary.open("wb") as file:
            for name, entry in entries.items():
                for record in _records_of(name, entry):
                    file.write(_line(record))


def _write_all(file: FileIO, line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[file.write(left) :]


def _line(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, separators=(",", ":"), allow_nan=False).encode()
    return _digest(text) + b" " + text + b"\n"


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:_DIGITS].encode()


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with (
        refusing(path, ArtifactError, "choose another --out"),
        open_local(path, _MOST_BYTES, follow_symlinks=False) as file,
    ):
        for number, line in enumerate(file, 1):
            digest, _, text = line.rstrip(b"\n").partition(b" ")
            if line.endswith(b"\n") and _digest(text) == digest:
                yield parse_json(text, _MOST_DEPTH)
            else:
                what = "is damaged" if line.endswith(b"\n") else "is cut off"
                warnings.warn(
                    f"{path}: line {number} {what}; what it said may be done again",
                    KerasAEWarning,
                    stacklevel=4,
                )


def _take(entries: dict[str, Entry], record: dict[str, Any]) -> None:
    name = record["trial"]
    if "identity" in record:
        if name not in entries or entries[name].identity != record["identity"]:
            entries[name] = Entry(record["identity"])
        return
    entry = entries.get(name)
    # Without the line that says what the trial is, nothing about it can be used.
    if entry is None:
        return
    if "killed" in record:
        entry.kills += 1
    elif "rung" in record:
        entry.rungs[record["rung"]] = record["val_mse"]
    else:
        entry.outcome = record["outcome"]


def _records_of(name: str, entry: Entry) -> Iterator[dict[str, Any]]:
    yield {"trial": name, "identity": entry.identity}
    for _ in range(entry.kills):
        yield {"trial": name, "killed": True}
    for epoch, val_mse in entry.rungs.items():
        yield {"trial": name, "rung": epoch, "val_mse": val_mse}
    if entry.outcome is not None:
        yield {"trial": name, "outcome": entry.outcome}
