"""Opening untrusted files: local, regular and of bounded size, or refused in one line."""

import contextlib
import errno
import io
import os
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO

from kerasae.errors import DiskFull, KerasAEError

StrPath = str | os.PathLike[str]
# What the readers of the standard library raise for damaged files, and for too large ones:
# zipfile raises NotImplementedError and RuntimeError for methods and passwords.
_READING_ERRORS = (
    OSError, EOFError, ValueError, OverflowError, RuntimeError, MemoryError,
    struct.error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip
# No space left, quota used up, or longer than the process may write.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Refused(Exception):
    """What a checker says is wrong with a file; `refusing` adds the file's name."""


class WrongShape(Refused):
    """What is there instead of what was declared; `refusing` adds the advice as well."""


@contextlib.contextmanager
def within(part: str) -> Iterator[None]:
    """Adds the part of a file to what is refused inside.

    Example:

    >>> with within("member 'a.npy'"):
    ...     raise Refused("ends early")
    Traceback (most recent call last):
        ...
    kerasae.files.local_files.Refused: member 'a.npy': ends early
    """
    try:
        yield
    except Refused as refused:
        raise type(refused)(f"{part}: {refused}") from None


@contextlib.contextmanager
def refusing(
    path: StrPath,
    error: type[KerasAEError],
    advice: str = "fetch the file again",
    *,
    missing: str | None = None,
) -> Iterator[None]:
    """Turns whatever reading a file raises into one line that names the file.

    Args:
        path: The file, as its user named it.
        error: The error to raise.
        advice: What to do about a damaged file.
        missing: What to do where there is none; `None` is `advice`.

    Raises:
        KerasAEError: The `error` given, with the file and the reason.
        DiskFull: If there is no room for a private copy of the file.

    Example:

    >>> from kerasae.errors import DataError
    >>> with refusing("a.npz", DataError):
    ...     raise EOFError("no more")
    Traceback (most recent call last):
        ...
    kerasae.errors.DataError: a.npz: cannot be read (no more); fetch the file again
    """
    try:
        yield
    except Refused as refused:
        advised = f"; {advice}" if isinstance(refused, WrongShape) else ""
        raise error(f"{os.fspath(path)}: {refused}{advised}") from None
    except _READING_ERRORS as cause:
        reason = (cause.strerror if isinstance(cause, OSError) else None) or str(cause)
        lines = reason.splitlines() or [type(cause).__name__]
        if isinstance(cause, OSError) and cause.errno in NO_ROOM:
            # What is read of an untrusted file is a private copy.
            where = tempfile.gettempdir()
            raise DiskFull(
                f"{os.fspath(path)}: there is no room in {where} for a copy of it ({lines[0]}); "
                f"make room, or set TMPDIR to another folder"
            ) from cause
        if missing is not None and isinstance(cause, FileNotFoundError):
            advice = missing
        raise error(f"{os.fspath(path)}: cannot be read ({lines[0]}); {advice}") from cause


def check_local_name(path: StrPath) -> None:
    """Refuses what cannot be the name of a local file or folder.

    Args:
        path: The name.

    Raises:
        Refused: If it is a URL, or holds a NUL character.

    Example:

    >>> check_local_name("http://host/a.npz")
    Traceback (most recent call last):
        ...
    kerasae.files.local_files.Refused: is a URL; expected a local file: download it first
    """
    text = os.fspath(path)
    # pathlib turns "http://host" into "http:/host".
    scheme, mark, _ = text.partition(":/")
    if mark and scheme.isalnum() and len(scheme) > 1:
        raise Refused("is a URL; expected a local file: download it first")
    if "\0" in text:
        raise Refused("the name holds a NUL character; expected the name of a file")


def open_local(path: StrPath, most_bytes: int, *, follow_symlinks: bool = True) -> BinaryIO:
    """Opens a local regular file for reading.

    A pipe or a device does not block: it is opened without waiting, and refused.

    Args:
        path: The file.
        most_bytes: The largest size accepted.
        follow_symlinks: Whether the path itself may be a symbolic link.

    Returns:
        The open file.

    Raises:
        Refused: If it is not a local regular file, or too large.
        OSError: If it cannot be opened.
    """
    return os.fdopen(_open(path, most_bytes, follow_symlinks)[0], "rb")


def read_local(path: StrPath, most_bytes: int, *, follow_symlinks: bool = True) -> bytes:
    """Reads a small local regular file; see `open_local`."""
    descriptor, size = _open(path, most_bytes, follow_symlinks)
    try:
        # As much memory is taken as is asked for, whatever there is to read.
        content = os.read(descriptor, size + 1)
        while 0 < len(content) <= size and (more := os.read(descriptor, size + 1 - len(content))):
            content += more
    finally:
        os.close(descriptor)
    if len(content) > size:
        raise Refused(f"grew past its {size:,} bytes while it was read")
    return content


def _open(path: StrPath, most_bytes: int, follow_symlinks: bool) -> tuple[int, int]:
    """Opens a file as `open_local` does, and returns its descriptor and its size."""
    check_local_name(path)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if not follow_symlinks:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"is {_kind(status.st_mode)}; expected a regular file")
        if status.st_size > most_bytes:
            raise Refused(f"has {status.st_size:,} bytes; expected at most {most_bytes:,}")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, status.st_size


def read_exactly(file: IO[bytes] | io.BufferedIOBase, size: int) -> bytes:
    """Reads the rest of a file, whose header declares so many bytes, already bounded.

    Raises:
        Refused: If it holds fewer, or more, of which one is read.
    """
    content = file.read(size)
    # Asked for everything, what inflates a file would inflate all that is too much, too.
    if len(content) < size or file.read(1):
        held = "more" if len(content) == size else f"{len(content):,}"
        raise Refused(
            f"the header declares {size:,} bytes, the file holds {held}; fetch the file again"
        )
    return content


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
    }  # fmt: skip
    return kinds.get(stat.S_IFMT(mode), "not a file")
