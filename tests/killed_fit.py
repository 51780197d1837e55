"""A fit that kills itself, as a power cut would: run with `python killed_fit.py POINT COUNT …`.

POINT names a moment around the writing of a checkpoint, COUNT which of these moments. `after`
is a moment of the training, COUNT milliseconds after it began. The rest is for `kerasae`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from kerasae.files import whole_files
from kerasae.training import checkpoints, state

POINTS = (
    "before-write", "half-written", "before-fsync", "after-fsync", "before-rename",
    "after-rename", "before-removing",
)  # fmt: skip


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(point: str, count: int) -> None:
    """Replaces what the point is about by something that dies there."""
    left = count

    def reached(path: Any) -> bool:
        nonlocal left
        left -= 1
        return left == 0

    real_replacing, real_fsync, real_replace = whole_files.replacing, os.fsync, Path.replace
    real_unlink = Path.unlink
    writing: list[Path] = []

    class Replacing:
        """Notes that a checkpoint is being written."""

        def __init__(self, path: Path) -> None:
            self._path = path
            self._real = real_replacing(path)

        def __enter__(self) -> Path:
            if point == "before-write" and reached(self._path):
                die()
            writing.append(self._path)
            temporary = self._real.__enter__()
            if point == "half-written" and reached(self._path):
                temporary.write_bytes(b"kerasae")
                die()
            return temporary

        def __exit__(self, *error: Any) -> Any:
            try:
                return self._real.__exit__(*error)
            finally:
                writing.pop()

    def fsync(file: int) -> None:
        if writing and point == "before-fsync" and reached(file):
            die()
        real_fsync(file)
        if writing and point == "after-fsync" and reached(file):
            die()

    def replace(self: Path, target: Path) -> Path:
        if writing and point == "before-rename" and reached(self):
            die()
        moved = real_replace(self, target)
        if writing and point == "after-rename" and reached(self):
            die()
        return moved

    def unlink(self: Path, missing_ok: bool = False) -> None:
        if self.name.startswith("checkpoint-") and point == "before-removing" and reached(self):
            die()
        real_unlink(self, missing_ok=missing_ok)

    # Each epoch has its checkpoint, however slow the disk, for the moments are counted.
    state.PAUSES = 0
    real_save = state.TrainingState._save

    def save(self: state.TrainingState) -> None:
        real_save(self)
        self._wait()

    state.TrainingState._save = save  # type: ignore[method-assign]
    checkpoints.replacing = Replacing  # type: ignore[assignment]
    os.fsync = fsync
    Path.replace = replace  # type: ignore[method-assign,assignment]
    Path.unlink = unlink  # type: ignore[method-assign]


def die_after(milliseconds: int) -> None:
    """Dies so long after the training began."""
    from kerasae.training import trainer

    real = trainer.ChunkTrainer.fit

    def fit(self: Any, *arguments: Any, **options: Any) -> Any:
        threading.Timer(milliseconds / 1000, die).start()
        return real(self, *arguments, **options)

    trainer.ChunkTrainer.fit = fit  # type: ignore[method-assign]


if __name__ == "__main__":
    named, number, *words = sys.argv[1:]
    if named == "after":
        from kerasae.runtime import start_tensorflow

        start_tensorflow(1)
        die_after(int(number))
    elif named != "never":
        die_at(named, int(number))
    sys.argv = ["kerasae", *words]
    from kerasae_cli.main import main

    main()
