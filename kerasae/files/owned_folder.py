"""The folder of a run, sweep or study: one process at a time owns it."""

from __future__ import annotations

import contextlib
import datetime
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock

from kerasae.errors import ArtifactError, KerasAEError
from kerasae.files import whole_files

_LOCK = ".lock"
_OWNER = ".owner.json"


@contextlib.contextmanager
def owned(folder: Path, *, resume: bool = False) -> Iterator[None]:
    """Makes a run's folder and keeps other processes out of it.

    The lock is the operating system's: it ends with the process, however that ends.

    Args:
        folder: The folder.
        resume: Whether it may hold something, or has to be new or empty.

    Raises:
        ArtifactError: If another process owns it (the message says which), if it is a symbolic
            link or holds one that leads out of it, is not empty, or cannot be made.
    """
    try:
        if folder.is_symlink():
            raise ArtifactError(
                f"{folder}: is a symbolic link; expected a folder, name it directly"
            )
        folder.mkdir(parents=True, exist_ok=True)
        # A folder without a lock is nobody's: in one that is refused, none is left behind.
        if not resume and not (folder / _LOCK).exists():
            check_empty(folder)
        lock = filelock.FileLock(folder / _LOCK)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise ArtifactError(f"{folder}: is in use by {_owner(folder)}; wait for its end") from None
    except OSError as error:
        raise ArtifactError(
            f"{folder}: cannot be used ({error.strerror}); choose another (--out)"
        ) from error
    try:
        if not resume:
            check_empty(folder)
        check_links(folder)
        whole_files.remove_unfinished(folder)
        whole_files.write_json(folder / _OWNER, {"owner": _this_process()})
        yield
    finally:
        (folder / _OWNER).unlink(missing_ok=True)
        lock.release()


def check_empty(folder: Path) -> None:
    """Checks that there is nothing in a folder but what `owned` leaves there.

    Raises:
        ArtifactError: If there is.
    """
    # Hidden files are the lock, and what a process that was killed had just begun.
    if any(not path.name.startswith(".") for path in folder.iterdir()):
        raise ArtifactError(
            f"{folder}: is not empty; expected a new folder, choose another (--out)"
        )


def check_links(folder: Path) -> None:
    """Checks that nothing in a folder, or below, is a link that leads out of it.

    Raises:
        ArtifactError: If something is.
    """
    inside = os.path.realpath(folder) + os.sep
    places = [os.fspath(folder)]
    while places:
        with os.scandir(places.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    places.append(entry.path)
                elif entry.is_symlink() and not os.path.realpath(entry.path).startswith(inside):
                    raise ArtifactError(
                        f"{entry.path}: is a symbolic link out of {folder}; take it away, or put "
                        f"there what it leads to"
                    )


def _this_process() -> str:
    since = datetime.datetime.now().isoformat(sep=" ", timespec="seconds")
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return f"process {os.getpid()} on {socket.gethostname()} since {since} ({command[:200]})"


def _owner(folder: Path) -> str:
    try:
        return str(whole_files.read_json(folder / _OWNER)["owner"])
    # It is only about to say who it is, or not saying it right.
    except (KerasAEError, KeyError, TypeError):
        return "another process"
