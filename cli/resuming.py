"""Says how to go on with what was interrupted."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path

from kerasae.errors import ClusterLost, DiskFull, InvalidSetting
from kerasae.files.interrupts import Interrupted


@contextlib.contextmanager
def resumable(command: str, folder: Path, **options: object) -> Iterator[None]:
    """Adds the command that goes on to what ends the block, if that can be resumed.

    Args:
        command: The command's name.
        folder: The folder that it works in.
        options: The options that it needs again; those that are `None`, `False` or 0 were not
            given.
    """
    words = [command, "--resume", str(folder)]
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value:
            words += [flag] if value is True else [flag, str(value)]
    try:
        yield
    except (Interrupted, DiskFull, ClusterLost) as error:
        error.add_note(f"resume with: {shlex.join(['kerasae', *words])}")
        raise


def folder_to_use(out: Path | None, resume: Path | None, new: Path) -> Path:
    """Returns the folder that a command writes to.

    Raises:
        InvalidSetting: If there are two of them.
    """
    if out is not None and resume is not None:
        raise InvalidSetting("out", str(out), "none with --resume, which goes on in its folder")
    return resume or out or new
