"""What is done with each of many pictures: in processes, for threads of Python stand in line."""

from __future__ import annotations

import collections
import hashlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from loky import BrokenProcessPool, ProcessPoolExecutor
from numpy.typing import NDArray

from kerasae.data.picture_files import (
    PictureKind,
    Size,
    measure_picture,
    pillow_quiet,
    pixels_of,
    read_picture,
)
from kerasae.environment import cores
from kerasae.errors import DataError
from kerasae.files.child_process import die_with
from kerasae.files.interrupts import check
from kerasae.files.local_files import open_local, refusing

Result = TypeVar("Result")
_MOST_BYTES = 1 << 28
_BLOCK = 1 << 20
# With less to read, processes take longer to start than they save.
_WORTH_PICTURES = 2000
_WORTH_BYTES = 1 << 25
_AT_ONCE = 128
_WAITING = 4  # parts for each process that may be done and not taken yet


class Look(NamedTuple):
    """What is known of a picture before it is decoded.

    Args:
        kind: Its size and colours.
        md5: Checksum of its file.
    """

    kind: PictureKind
    md5: str


def look_at(path: Path) -> Look:
    """Measures a picture and takes its checksum.

    Raises:
        DataError: As `measure_picture` does.
    """
    kind = measure_picture(path)
    digest = hashlib.md5(usedforsecurity=False)
    with refusing(path, DataError), open_local(path, _MOST_BYTES) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return Look(kind, digest.hexdigest())


def decode(path: Path, size: Size, gray: bool, white: float) -> NDArray[np.uint8]:
    """Decodes a picture; see `read_picture` and `pixels_of`.

    Raises:
        DataError: As `read_picture` does.
    """
    return pixels_of(read_picture(path, white).image, size, gray=gray)


def each(
    function: Callable[[Path], Result], paths: Sequence[Path], at_once: int = _AT_ONCE
) -> Iterator[Result | DataError]:
    """Calls a function with each picture, on all cores where that is sooner.

    Args:
        function: The function, of a module, or a `functools.partial` of one.
        paths: The pictures.
        at_once: How many results of one process may be in memory at once.

    Yields:
        In the order of the pictures, what the function returns, or the `DataError` that it raises.

    Raises:
        DataError: If a process is killed.
    """
    if cores() == 1 or not _is_worth(paths):
        for path in paths:
            check()
            yield from _attempts(function, [path])
        return
    # Many parts for each process, so that none waits long for the others' last.
    length = max(1, min(at_once, _AT_ONCE, len(paths) // (8 * cores())))
    starts = iter(range(0, len(paths), length))
    pool = ProcessPoolExecutor(cores(), initializer=_prepare, initargs=(os.getpid(),))
    waiting: collections.deque = collections.deque()
    try:
        while True:
            while len(waiting) < _WAITING * cores() and (start := next(starts, None)) is not None:
                part = paths[start : start + length]
                waiting.append(pool.submit(_attempts, function, part))
            if not waiting:
                return
            check()
            yield from waiting.popleft().result()
    except BrokenProcessPool:
        raise DataError(
            "a process that reads pictures was killed, for want of memory perhaps; "
            "make room, or scale them down with --image-size"
        ) from None
    finally:
        pool.shutdown(kill_workers=True)


def _attempts(
    function: Callable[[Path], Result], paths: Sequence[Path]
) -> list[Result | DataError]:
    with pillow_quiet():
        return [_attempt(function, path) for path in paths]


def _attempt(function: Callable[[Path], Result], path: Path) -> Result | DataError:
    try:
        return function(path)
    except DataError as error:
        return error


def _is_worth(paths: Sequence[Path]) -> bool:
    if len(paths) >= _WORTH_PICTURES:
        return True
    return sum(_size(path) for path in paths) >= _WORTH_BYTES


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        # Reading it says why.
        return 0


def _prepare(parent: int) -> None:
    die_with(parent)
    # Ctrl-C goes to all processes of a terminal; the parent ends these.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
