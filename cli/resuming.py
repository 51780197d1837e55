"""Says how to go on with what was interrupted."""

import contextlib
import dataclasses
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerasae.errors import ClusterLost, DiskFull
from kerasae.files.interrupts import Interrupted


@contextlib.contextmanager
def resumable(command: str, folder: Path, *groups: Any, **options: object) -> Iterator[None]:
    """Adds the command that goes on to what ends the block, if that can be resumed.

    Args:
        command: The command's name.
        folder: The folder that it works in.
        groups: Groups of options that it needs again.
        options: Other such options; those that are `None`, `False` or 0 were not given.
    """
    words = [command, "--resume", str(folder)]
    for group in groups:
        options |= dataclasses.asdict(group)
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value:
            words += [flag] if value is True else [flag, str(value)]
    try:
        yield
    except (Interrupted, DiskFull, ClusterLost) as error:
        error.add_note(f"resume with: {shlex.join(['kerasae', *words])}")
        raise
