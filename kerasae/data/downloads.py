"""Downloading into a cache that several processes share: once, and whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import filelock

from kerasae.errors import DataError

Data = TypeVar("Data")


def fetch_once(
    cache: Path,
    name: str,
    look: Callable[[Path], Data | None],
    download: Callable[[Path], None],
    verify: Callable[[Data], None],
) -> Data:
    """Reads something from a cache, or downloads it there first.

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
            data = look(cache)
            if data is None:
                with tempfile.TemporaryDirectory(dir=cache, prefix=".new-") as temporary:
                    download(Path(temporary))
                    data = look(Path(temporary))
                    if data is None:
                        raise DataError(f"{name}: the download brought other files; try again")
                    verify(data)
                    _move_files(Path(temporary), cache)
            return data
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
