"""The list of the pictures that a run was trained and tested on, kept beside its record."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from kerasae.data.picture_parts import HELD_OUT, TEST, TRAIN, UNUSED, VALIDATION, Listed
from kerasae.errors import ArtifactError
from kerasae.files.local_files import Refused, read_local, refusing
from kerasae.files.whole_files import replacing
from kerasae.runs.run_files import PICTURES, TRIALS

_MOST_BYTES = 1 << 28
_PARTS = (TRAIN, HELD_OUT, VALIDATION, TEST, UNUSED)


def write_pictures(folder: Path, pictures: Sequence[Listed]) -> None:
    """Writes the list, one line a picture; nothing where there are no pictures.

    Args:
        folder: The folder of the run, sweep or study.
        pictures: The pictures.

    Raises:
        ArtifactError: If it cannot be written.
    """
    if not pictures:
        return
    with (
        replacing(folder / PICTURES) as path,
        path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(Listed._fields)
        writer.writerows(pictures)


def read_pictures(folder: Path) -> list[Listed]:
    """Reads the list of a run, or of the sweep or study that it is a trial of.

    Args:
        folder: The run's folder.

    Returns:
        The pictures; none where it was trained on arrays, or by an older version.

    Raises:
        ArtifactError: If it is damaged.
    """
    outer = folder.absolute().parent
    places = [folder, *([outer.parent] if outer.name == TRIALS else [])]
    path = next((place / PICTURES for place in places if os.path.lexists(place / PICTURES)), None)
    if path is None:
        return []
    with refusing(path, ArtifactError, "take it away: the pictures are then split anew"):
        content = read_local(path, _MOST_BYTES, follow_symlinks=False)
        lines = content.decode("utf-8", "surrogateescape").splitlines(keepends=True)
        try:
            rows = list(csv.reader(lines, strict=True))
        except csv.Error as error:
            raise Refused(f"is no list of pictures ({error})") from None
        width = len(Listed._fields)
        whole = all(len(row) == width and row[0] in _PARTS for row in rows[1:])
        if rows[:1] != [list(Listed._fields)] or not whole:
            columns = ",".join(Listed._fields)
            raise Refused(f"is no list of pictures; expected the columns {columns}")
        return [Listed(*row) for row in rows[1:]]
