"""Records what a folder holds for certain at each fsync, and what else may be there after a crash.

POSIX promises the content of a file after its fsync, and the names in a folder after that of the
folder. Whatever else has been written may be gone, or be there in part.
"""

from __future__ import annotations

import os
import shutil
import stat
import threading
from pathlib import Path

import pytest

# The content of each file by its path below the folder; `None` is a folder.
State = dict[str, bytes | None]


class PowerLoss:
    """Watches a folder while this process writes into it.

    Args:
        folder: The folder, which is there for certain.
        patch: Puts its own functions in place of those of `os`.

    Attributes:
        states: What may be found after a crash, each once, in the order of the fsyncs.
    """

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.states: list[State] = []
        self._folder = folder.resolve()
        self._lock = threading.RLock()
        self._synced: dict[int, bytes] = {}
        # By folder and name, the inode and the content, of what has been synced.
        self._names: dict[str, dict[str, tuple[int | None, bytes | None]]] = {"": {}}
        self._fsync = os.fsync
        patch.setattr(os, "fsync", self._sync)
        for name in ("unlink", "replace", "rename"):
            patch.setattr(os, name, self._forgetting(getattr(os, name)))

    def _sync(self, handle: int) -> None:
        place = Path(os.readlink(f"/proc/self/fd/{handle}"))
        if not place.is_relative_to(self._folder):
            self._fsync(handle)
            return
        with self._lock:
            self._add(self._torn())
            self._fsync(handle)
            status, name = os.fstat(handle), _named(place.relative_to(self._folder))
            if stat.S_ISDIR(status.st_mode):
                self._names[name] = {
                    entry.name: (entry.inode(), None if entry.is_dir() else self._known(entry))
                    for entry in os.scandir(place)
                }
            else:
                content = self._synced[status.st_ino] = place.read_bytes()
                for names in self._names.values():
                    for one, (inode, _) in names.items():
                        if inode == status.st_ino:
                            names[one] = inode, content
            self._add(self._kept())

    def _known(self, entry: os.DirEntry[str]) -> bytes:
        return self._synced.get(entry.inode(), b"")

    def _forgetting(self, call):
        """An inode that is free is given to another file."""

        def forget(*paths, **options):
            with self._lock:
                for path in paths:
                    gone = os.stat(path).st_ino if os.path.isfile(path) else None
                    if gone is not None and (len(paths) == 1 or path is paths[-1]):
                        self._synced.pop(gone, None)
                        for names in self._names.values():
                            for name, (inode, content) in names.items():
                                if inode == gone:
                                    names[name] = None, content
                return call(*paths, **options)

        return forget

    def _kept(self, place: str = "") -> State:
        """Returns what has been synced, and nothing else."""
        state: State = {}
        for name, (_, content) in self._names.get(place, {}).items():
            path = f"{place}{name}"
            state[path] = content
            if content is None:
                state |= self._kept(f"{path}/")
        return state

    def _torn(self) -> State:
        """Returns all that is there, and of what has not been synced the first half."""
        state: State = {}
        for path in sorted(self._folder.rglob("*")):
            name = str(path.relative_to(self._folder))
            if path.is_dir():
                state[name] = None
                continue
            content, synced = path.read_bytes(), self._synced.get(path.stat().st_ino, b"")
            kept = len(synced) if content.startswith(synced) else 0
            state[name] = content[: kept + (len(content) - kept) // 2]
        return state

    def _add(self, state: State) -> None:
        if state not in self.states:
            self.states.append(state)


def laid_out(state: State, folder: Path) -> Path:
    """Makes a folder that holds a state."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in sorted(state.items()):
        place = folder / name
        if content is None:
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.write_bytes(content)
    return folder


def _named(place: Path) -> str:
    return "" if place == Path() else f"{place.as_posix()}/"
