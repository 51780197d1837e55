"""What is known of a folder's pictures from the last time, as long as their files are as they were.

A file whose size and times are the same is not read again, as `git status` does not.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import PIL

from kerasae.data.decoded_cache import LEAST_PICTURES, cache_folder
from kerasae.data.picture_work import Look
from kerasae.errors import ArtifactError
from kerasae.files.local_files import Refused, read_local
from kerasae.files.whole_files import replacing

_MOST_BYTES = 1 << 28
# Clocks of file systems are coarse: what was written just before it was looked at can have changed
# since and bear the same time.
_SETTLED = 2_000_000_000


class Stamp(NamedTuple):
    """What changes when a file does: its size, and the times (ns) of its content and its entry."""

    size: int
    modified: int
    changed: int


class KnownLooks:
    """The looks at a folder's pictures that are kept between runs.

    Args:
        folder: The folder.
        files: Its pictures.

    Attributes:
        known: The `Look` at each file that is as it was.

    Example:

    >>> KnownLooks(Path("photos"), [Path("photos/1.png")]).known
    {}
    """

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        self.known: dict[Path, Look] = {}
        if len(files) < LEAST_PICTURES:
            return
        made_by = f"{folder.absolute()}\n{PIL.__version__}"
        key = hashlib.sha256(os.fsencode(made_by)).hexdigest()[:32]
        self._path = cache_folder() / f"looks-{key}.msgpack"
        self._began = time.time_ns()
        self._stamps = {path: stamp for path in files if (stamp := _stamp(path))}
        before, settled = read_looks(self._path)
        for path, stamp in self._stamps.items():
            then, look = before.get(os.fsencode(path), (None, None))
            if look and then == stamp and max(stamp.modified, stamp.changed) < settled:
                self.known[path] = look

    def keep(self, looks: Mapping[Path, Look]) -> None:
        """Keeps the looks at all pictures for the next time, unless nothing is new.

        Args:
            looks: The `Look` at each.
        """
        if len(looks) < LEAST_PICTURES or looks.keys() == self.known.keys():
            return
        content = {
            os.fsencode(path): (self._stamps[path], look)
            for path, look in looks.items()
            if path in self._stamps
        }
        # A cache that cannot be written is none.
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self._path) as new:
                new.write_bytes(msgspec.msgpack.encode(content))
                os.utime(new, ns=(self._began, self._began))
        except (OSError, ArtifactError):
            pass


def read_looks(path: Path) -> tuple[dict[bytes, tuple[Stamp, Look]], int]:
    """Reads the looks in a file, and returns which times of files are old enough to be trusted.

    Args:
        path: A file of the cache.

    Returns:
        Stamp and `Look` by the file's name, and the time in ns that files have to be older than;
        nothing where there is no such file, or a damaged one.
    """
    try:
        content = read_local(path, _MOST_BYTES)
        looks = msgspec.msgpack.decode(content, type=dict[bytes, tuple[Stamp, Look]])
        return looks, path.stat().st_mtime_ns - _SETTLED
    except (OSError, Refused, msgspec.MsgspecError):
        return {}, 0


def _stamp(path: Path) -> Stamp | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns)
