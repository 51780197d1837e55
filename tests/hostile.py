"""Hostile input: how a case is written down, run through the command line, and judged.

A case is one broken or hostile thing that a user may be handed. It is made in a folder of its
own; hostile ones try to touch the file `canary` in that folder, or to reach a port of this
machine.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import socket
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from commands import commands

# Larger files are sparse, and are told by size and time.
_MOST_HASHED = 1 << 25
_MOST_GROWN = 65_000  # kB


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a case may write, and the port it may try to reach."""

    folder: Path
    port: int

    @property
    def canary(self) -> Path:
        return self.folder / "canary"


@dataclasses.dataclass(frozen=True)
class Case:
    """Something hostile, made in a place, and words of the line that refuses it."""

    name: str
    make: Callable[[Place], Any]
    reason: str


@dataclasses.dataclass(frozen=True)
class Refusal:
    """What became of a case: where it was, the command's outcome, whether all is as it was."""

    place: Place
    made: Any
    outcome: dict[str, Any]
    untouched: bool


class Cases(list[Case]):
    """A table of cases; `cases.add(reason)` decorates the function that makes one."""

    def add(self, reason: str, name: str = ""):
        def append(make):
            self.append(Case(name or make.__name__, make, reason))
            return make

        return append

    @property
    def parametrized(self):
        return pytest.mark.parametrize("one", self, ids=[one.name for one in self])


def snapshot(folder: Path) -> dict[Path, object]:
    """Describes everything in a folder by its kind and its content."""
    return {path: _described(path) for path in folder.rglob("*")}


def _described(path: Path) -> object:
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        return stat.S_IFMT(status.st_mode)
    if status.st_size > _MOST_HASHED:
        return status.st_size, status.st_mtime_ns
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refusals(
    root: Path, cases: Sequence[Case], words: Callable[[int, Place, Any], Sequence[object]]
) -> dict[str, Refusal]:
    """Makes all cases, and runs a command on each.

    Args:
        root: An empty folder.
        cases: The cases.
        words: Gives the command line for a case's number, place, and what its function returned.

    Returns:
        What became of each, by its name.
    """
    (root / "temporary").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        places = [Place(root / one.name, server.getsockname()[1]) for one in cases]
        made = []
        for one, place in zip(cases, places, strict=True):
            place.folder.mkdir()
            made.append(one.make(place))
        lines = [words(number, *pair) for number, pair in enumerate(zip(places, made, strict=True))]
        before = snapshot(root)
        outcomes = commands(lines, root / "temporary")
        after = snapshot(root)
        with pytest.raises(BlockingIOError):
            server.accept()
    own = {place.folder for place in places}
    assert _outside(before, own) == _outside(after, own), "something is left behind"
    return {
        one.name: Refusal(place, thing, result, _inside(before, place) == _inside(after, place))
        for one, place, thing, result in zip(cases, places, made, outcomes, strict=True)
    }


def _inside(state: dict[Path, object], place: Place) -> dict[Path, object]:
    return {path: value for path, value in state.items() if place.folder in path.parents}


def _outside(state: dict[Path, object], folders: set[Path]) -> dict[Path, object]:
    return {path: value for path, value in state.items() if not folders & set(path.parents)}


def assert_refused(refusal: Refusal, named: object, reason: str) -> None:
    """Fails unless a command ended in the one line that names the file and the reason."""
    outcome = refusal.outcome
    assert outcome["code"] == 2, "it was let through"
    assert outcome["stdout"] == ""
    line = outcome["stderr"].removesuffix("\n")
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(named)) in line
    assert re.search(reason, line), line
    assert refusal.untouched
    assert outcome["grown"] < _MOST_GROWN
    assert not outcome["tensorflow"]
