"""Writing files and folders so that what is there is whole, and reading our own JSON back."""

import contextlib
import csv
import errno
import io
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.errors import ArtifactError, DiskFull
from kerasae.files.bounded_json import parse_json
from kerasae.files.interrupts import finishing_writes
from kerasae.files.local_files import NO_ROOM, read_local, refusing

# Beginning of the names of files that are not in place yet.
_NEW = ".new-"
_MOST_JSON = 1 << 24  # bytes
_MOST_DEPTH = 16


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a path to write to, and moves it into place once it is written and synced.

    Args:
        path: The file to make or replace. Its name's ending is kept while it is written.

    Yields:
        A new file's path in the same folder.

    Raises:
        DiskFull: If there is no room; `path` is then as it was.
        ArtifactError: If the folder cannot be written to for another reason.
    """
    with finishing_writes(), writing(path):
        make_folder(path.parent)
        temporary = path.with_name(f"{_NEW}{secrets.token_hex(8)}{path.suffix}")
        # With the permissions of any new file.
        temporary.touch(exist_ok=False)
        try:
            yield temporary
            # Windows only syncs what is open for writing.
            with temporary.open("r+b") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
            _sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what writing a file raises into one line that says why, and what to do.

    Raises:
        DiskFull: If there is no room, or the disk fails.
        ArtifactError: If it cannot be written for another reason.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (*NO_ROOM, errno.EIO):
            failed = ", or the disk has failed" if error.errno == errno.EIO else ""
            raise DiskFull(
                f"{path}: there is no room for it{failed} ({error.strerror}); what was there is "
                f"kept: make room, then try again"
            ) from error
        raise ArtifactError(
            f"{path}: cannot be written ({error.strerror or error}); choose another (--out)"
        ) from error


def check_new(path: Path) -> None:
    """Checks that there is nothing yet where a file or folder is to go.

    Raises:
        ArtifactError: If there is something, or its name cannot be one.
    """
    with writing(path):
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return
    raise ArtifactError(f"{path}: is there already; expected a new name, choose another (--out)")


def is_unfinished(path: Path) -> bool:
    """Tells files that are not in place yet from the others."""
    return path.name.startswith(_NEW)


def remove_unfinished(folder: Path) -> None:
    """Removes files that a process that was killed had not moved into place yet."""
    for path in folder.glob(f"{_NEW}*"):
        if not path.is_dir():
            path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text file in one piece."""
    with replacing(path) as temporary:
        # File names need not be text; the rest of a file should not be lost over one.
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a JSON file in one piece."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Reads a JSON file that kerasae wrote, within the bounds of any file from outside.

    Raises:
        ArtifactError: If the file is missing, damaged, or far larger than ours are.
    """
    with refusing(path, ArtifactError, "choose another (--out)"):
        return parse_json(read_local(path, _MOST_JSON, follow_symlinks=False), _MOST_DEPTH)


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes a CSV file in one piece, a row per mapping; missing values are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Gives a folder to fill, and moves it into place once it is whole.

    Args:
        folder: The folder to make; it must not be there yet, or be empty.

    Yields:
        A new folder beside it.

    Raises:
        ArtifactError: If it exists and is not an empty folder, or cannot be written.
        DiskFull: If there is no room; nothing is then left.
    """
    with writing(folder):
        if folder.is_symlink() or (
            folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
        ):
            raise ArtifactError(
                f"{folder}: is there already; expected a new folder, choose another (--out)"
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=_NEW) as temporary:
            inside = Path(temporary) / "folder"
            inside.mkdir()
            yield inside
            # On POSIX an empty folder is replaced; elsewhere it must be gone.
            if folder.exists():
                folder.rmdir()
            inside.rename(folder)


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it that are missing, each there after a power cut."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def save_with(path: Path, save: Callable[[Path], object]) -> None:
    """Calls `save` with a new file's path and moves the file into place."""
    with replacing(path) as temporary:
        save(temporary)


def _sync_folder(folder: Path) -> None:
    """Makes a renaming survive a power cut; folders cannot be opened on Windows."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            # Some network file systems sync no folders; the file is in place all the same.
            if error.errno not in (errno.EINVAL, errno.EBADF):
                raise
        finally:
            os.close(handle)
