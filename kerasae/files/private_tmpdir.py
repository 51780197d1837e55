"""One folder for all temporary files of a command and of what it starts, gone with it.

The library makes no such folder; a program that wants one enters `private_tmpdir`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_PREFIX = "kerasae-tmp-"
_NAME = re.compile(rf"{_PREFIX}[a-z0-9_]{{8}}", re.ASCII)
# It is there only while, or after, somebody holds it.
_LOCK = ".kerasae-tmp.lock"
# Ray looks here for a cluster that others have started.
_RAY = "RAY_TMPDIR"


@contextlib.contextmanager
def private_tmpdir() -> Iterator[None]:
    """Makes a private folder the `TMPDIR` of this process, and of what it starts.

    It goes at the end. After a kill it stays, and goes when the next process enters: the lock on
    it ends with the process that held it. Where no folder can be made or locked, `TMPDIR` stays
    as it is.
    """
    if sys.platform == "win32":
        yield
        return
    before = {name: os.environ.get(name) for name in ("TMPDIR", _RAY)}
    with contextlib.ExitStack() as ending:
        # Without room or rights there are none for those that need them either.
        with contextlib.suppress(OSError):
            root = tempfile.gettempdir()
            _remove_abandoned(Path(root))
            folder = tempfile.mkdtemp(prefix=_PREFIX, dir=root)
            ending.callback(shutil.rmtree, folder, ignore_errors=True)
            ending.callback(os.close, _hold(Path(folder)))
            ending.callback(_use, before)
            _use({"TMPDIR": folder, _RAY: before[_RAY] or root})
        yield


def shared_tmpdir() -> Path:
    """Returns the folder of temporary files that all programs share."""
    return Path(os.environ.get(_RAY) or tempfile.gettempdir())


def _use(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    # It is looked up once.
    tempfile.tempdir = None


def _hold(folder: Path) -> int:
    """Locks a new folder before anybody can see that it has a lock."""
    new = folder / f"{_LOCK}.new"
    file = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    new.rename(folder / _LOCK)
    return file


def _remove_abandoned(root: Path) -> None:
    """Removes the folders of processes that were killed, and nothing else."""
    with os.scandir(root) as entries:
        names = [entry.name for entry in entries if _NAME.fullmatch(entry.name)]
    for name in names:
        # What is not ours, or another process removes meanwhile, stays.
        with contextlib.suppress(OSError):
            folder = root / name
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
                continue
            file = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(file)
