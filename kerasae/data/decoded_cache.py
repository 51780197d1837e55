"""Decoded pictures kept between runs, in a folder of bounded size that can be cleared.

Beside them, `known_looks` keeps what pictures were seen to be.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerasae.data.image_store import new_npy
from kerasae.data.npz import map_npy
from kerasae.errors import ArtifactError, DataError
from kerasae.files.whole_files import replacing

# Fewer pictures are decoded as fast as they are looked up.
LEAST_PICTURES = 1000
_MOST_BYTES = 8 << 30


class Kept(NamedTuple):
    """A file of the cache.

    Args:
        path: An array of decoded pictures, or sizes and checksums of a folder's.
        size: In bytes.
        pictures: How many are in the array.
    """

    path: Path
    size: int
    pictures: int


def cache_folder() -> Path:
    """Returns where decoded pictures are kept: `KERASAE_CACHE`, or a folder of the user's cache."""
    if own := os.environ.get("KERASAE_CACHE"):
        return Path(own)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "kerasae"


def kept_sets() -> list[Kept]:
    """Lists what is in the cache, what was used last at the end."""
    found = [(path, path.stat()) for path in cache_folder().glob("*-*.*") if _is_ours(path)]
    found.sort(key=lambda one: one[1].st_mtime_ns)
    return [Kept(path, status.st_size, _count(path)) for path, status in found]


def _is_ours(path: Path) -> bool:
    return re.fullmatch(r"(pictures-\w+\.npy|looks-\w+\.msgpack)", path.name) is not None


def clear() -> int:
    """Empties the cache, and returns how many bytes that made free."""
    kept = kept_sets()
    for one in kept:
        one.path.unlink(missing_ok=True)
    return sum(one.size for one in kept)


def cached(
    checksums: Sequence[str],
    conversion: Sequence[Any],
    shape: Sequence[int],
    decode: Callable[[NDArray[np.uint8]], bool],
) -> NDArray[np.uint8] | None:
    """Returns decoded pictures out of the cache, or decodes them into it.

    Args:
        checksums: Of the pictures' files, in their order.
        conversion: What the decoded pixels depend on besides.
        shape: The shape of the array, `(pictures, ...)`.
        decode: Fills an array; `False` where a picture could not be read, which is not kept.

    Returns:
        The pictures, mapped; changes of them stay in memory. `None` where they are not kept: there
        are few of them, or there is no room.
    """
    if len(checksums) < LEAST_PICTURES:
        return None
    key = hashlib.sha256(json.dumps([*checksums, *conversion]).encode()).hexdigest()[:32]
    path = cache_folder() / f"pictures-{key}.npy"
    try:
        found = _opened(path, tuple(shape))
        if found is None and _make_room(int(np.prod(shape, dtype=np.int64))):
            with replacing(path) as new:
                new.unlink()
                complete = decode(new_npy(new, shape))
                if not complete:
                    raise _Incomplete
            found = _opened(path, tuple(shape))
    # A cache that cannot be written is none.
    except (OSError, ArtifactError, _Incomplete):
        return None
    return found


class _Incomplete(Exception):
    """A picture could not be read."""


def _count(path: Path) -> int:
    """Counts the pictures in an array; there are none in one that is damaged."""
    if path.suffix != ".npy":
        return 0
    try:
        return len(map_npy(path))
    except DataError:
        return 0


def _opened(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
    try:
        if map_npy(path).shape != shape:
            return None
    except DataError:
        return None
    os.utime(path)
    # "c" is private to the process; TensorFlow takes read-only memory by copying only.
    return np.load(path, mmap_mode="c")


def _make_room(size: int) -> bool:
    """Removes what was not used for longest, and tells whether there is room for more."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    kept = kept_sets()
    # Half of what is free stays so.
    most = min(_MOST_BYTES, sum(one.size for one in kept) + shutil.disk_usage(folder).free // 2)
    if size > most:
        return False
    held = sum(one.size for one in kept)
    for one in kept:
        if held + size <= most:
            break
        one.path.unlink(missing_ok=True)
        held -= one.size
    return True
