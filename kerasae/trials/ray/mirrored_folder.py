"""Carries the files of a folder from one machine to another, as they change."""

import contextlib
import dataclasses
from pathlib import Path

from kerasae.files.whole_files import is_unfinished, replacing
from kerasae.runs.run_files import METRICS


@dataclasses.dataclass(frozen=True)
class Changes:
    """What became of a folder.

    Args:
        files: Content of new and changed files by their path in the folder.
        gone: Paths of files that are not there any more.
    """

    files: dict[str, bytes]
    gone: list[str]


class MirroredFolder:
    """Sees what changes in a folder.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, tuple[int, int, int]] = {}

    def changes(self) -> Changes:
        """Returns what has changed since the last call; at first, everything is new."""
        present, files = {}, {}
        for path in self._folder.rglob("*"):
            # An old checkpoint may be removed meanwhile.
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and not is_unfinished(path):
                    name = path.relative_to(self._folder).as_posix()
                    status = path.stat()
                    mark = (status.st_ino, status.st_mtime_ns, status.st_size)
                    if self._seen.get(name) != mark:
                        files[name] = path.read_bytes()
                    present[name] = mark
        gone = [name for name in self._seen if name not in present]
        self._seen = present
        return Changes(files, gone)


def apply_changes(folder: Path, changes: Changes) -> None:
    """Makes the changes to another folder; `metrics.json` last, for it says that all is there.

    Raises:
        DiskFull: If there is no room.
        ArtifactError: If the folder cannot be written to.
    """
    for name in sorted(changes.files, key=lambda name: (name == METRICS, name)):
        with replacing(folder / name) as temporary:
            temporary.write_bytes(changes.files[name])
    for name in changes.gone:
        (folder / name).unlink(missing_ok=True)
