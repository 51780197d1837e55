"""Says how to go on with what was interrupted."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from kerasae.errors import ClusterLost, DiskFull, InvalidSetting
from kerasae.files.interrupts import Interrupted


@contextlib.contextmanager
def resumable(*words: str | Path) -> Iterator[None]:
    """Adds the command that goes on to what ends the block, if that can be resumed."""
    try:
        yield
    except (Interrupted, DiskFull, ClusterLost) as error:
        error.add_note(f"resume with: {shlex.join(['kerasae', *map(str, words)])}")
        raise


def same_command(folder: Path) -> list[str]:
    """Returns the words of this command, with the folder that it works in."""
    words = sys.argv[1:]
    return words if "--out" in words else [*words, "--out", str(folder)]


def data_words(data_dir: Path | None, skip_bad: bool) -> list[str]:
    """Returns the words that say how to read the images, which a resumed command needs again."""
    words = [] if data_dir is None else ["--data-dir", str(data_dir)]
    return [*words, "--skip-bad"] if skip_bad else words


def trackers(tensorboard: bool, mlflow: bool) -> list[str]:
    """Returns the words that ask for the same logs again."""
    wanted = {"--tensorboard": tensorboard, "--mlflow": mlflow}
    return [word for word, is_wanted in wanted.items() if is_wanted]


def folder_to_use(out: Path | None, resume: Path | None, new: Path) -> Path:
    """Returns the folder that a command writes to.

    Raises:
        InvalidSetting: If there are two of them.
    """
    if out is not None and resume is not None:
        raise InvalidSetting("out", str(out), "none with --resume, which goes on in its folder")
    return resume or out or new
