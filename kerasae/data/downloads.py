"""Downloading into a cache that several processes share: once, and whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import filelock

from kerasae.errors import DataError

Content = TypeVar("Content")


def fetch_once(
    cache: Path, name: str, read: Callable[[Path], Content | None], download: Callable[[Path], None]
) -> Content:
    """Reads something out of a cache, or downloads it there.

    The download goes into a temporary folder beside its place, is read there, and its
    files are then moved into the cache. A lock lets one process do so; the others wait and
    read what it left. A download that fails leaves nothing.

    Args:
        cache: The folder of the cache; made when it is missing.
        name: What is fetched, the name of the lock.
        read: Reads it from a folder; `None` when it is not there. Raises when it is not right.
        download: Downloads it into a folder.

    Returns:
        What `read` returned.

    Raises:
        DataError: If the cache cannot be written to, or the download left nothing.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(cache / f".{name}.lock"):
            content = read(cache)
            if content is not None:
                return content
            with tempfile.TemporaryDirectory(dir=cache, prefix=".new-") as temporary:
                download(Path(temporary))
                content = read(Path(temporary))
                if content is None:
                    raise DataError(f"{name}: the download brought other files; try again")
                _move_files(Path(temporary), cache)
            return content
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
