"""Downloading into a cache that several processes share: once, and whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import filelock

from kerasae.errors import DataError

Found = TypeVar("Found")


def fetch_once(
    cache: Path,
    name: str,
    look: Callable[[Path], Found | None],
    download: Callable[[Path], None],
    verify: Callable[[Found], None],
) -> Found:
    """Finds something in a cache, or downloads it there.

    The download goes into a temporary folder beside its place, is verified there, and its
    files are then moved into the cache. A lock lets one process do so; the others wait and
    find what it left. A download that fails leaves nothing.

    Args:
        cache: The folder of the cache; made when it is missing.
        name: What is fetched, the name of the lock.
        look: Reads it from a folder; `None` when it is not there.
        download: Downloads it into a folder.
        verify: Raises when what was downloaded is not right.

    Returns:
        What `look` read.

    Raises:
        DataError: If the cache cannot be written to, or the download left nothing.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(cache / f".{name}.lock"):
            found = look(cache)
            if found is not None:
                return found
            with tempfile.TemporaryDirectory(dir=cache, prefix=".new-") as temporary:
                download(Path(temporary))
                found = look(Path(temporary))
                if found is None:
                    raise DataError(f"{name}: the download brought other files; try again")
                verify(found)
                _move_files(Path(temporary), cache)
            return found
    except OSError as error:
        raise DataError(
            f"{cache}: {name} cannot be kept there ({error.strerror or error}); set KERAS_HOME "
            f"to a folder that can be written to, or name one with --data-dir"
        ) from error


def _move_files(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        if path.is_file():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, place)
