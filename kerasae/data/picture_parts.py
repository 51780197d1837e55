"""Which pictures of a folder are trained on, held out and tested, and the list that a run keeps."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from kerasae.data.image_data import ImageData, PictureFile, validation_rows
from kerasae.data.picture_listing import Place
from kerasae.errors import DataError

TEST_SHARE = 0.1
TRAIN, HELD_OUT, VALIDATION, TEST = "train", "held-out", "validation", "test"
UNUSED = "unused"


class Listed(NamedTuple):
    """A picture in the list of a run.

    Args:
        part: `train`, `held-out` of those (to validate by), `validation` where such pictures came
            with the data, `test`, or `unused` where fewer were asked for.
        md5: Checksum of its file.
        name: Its path below the folder, with `/`.
    """

    part: str
    md5: str
    name: str


class PictureParts(NamedTuple):
    """Which files are which, by their numbers, and what has to be told of it."""

    train: list[int]
    validation: list[int]
    test: list[int]
    notes: list[str]
    unused: Sequence[int] = ()


def list_pictures(data: ImageData, validation_split: float) -> list[Listed]:
    """Lists the pictures of a data set, each with its part; there are none of arrays."""
    held_out = set(data.parts(validation_split).validation.rows.tolist())
    if data.validation is not None:
        held_out = set()
    train = [
        Listed(HELD_OUT if row in held_out else TRAIN, file.md5, file.name)
        for row, file in enumerate(data.train_files)
    ]
    others = {VALIDATION: data.validation_files, TEST: data.test_files, UNUSED: data.unused_files}
    return train + [
        Listed(part, file.md5, file.name) for part, files in others.items() for file in files
    ]


def parts_of_folders(
    folder: Path, files: Sequence[PictureFile], places: Sequence[Place | None]
) -> PictureParts:
    """Splits pictures by what their folders say, or else by a fixed seed.

    Copies of one picture (the same bytes) are in one part.

    Args:
        folder: The folder, for messages.
        files: Its pictures.
        places: What the folders say of each.

    Raises:
        DataError: If there is one picture only, or there are copies of one only.
    """
    rows: dict[str | None, list[int]] = {None: [], TRAIN: [], VALIDATION: [], TEST: []}
    notes = []
    outside = [row for row, place in enumerate(places) if place is None]
    for row, place in enumerate(places):
        if place is not None:
            rows[place.part].append(row)
    if outside:
        notes.append(_told(len(outside), "picture", "outside of train, validation and test",
                           files[outside[0]]))  # fmt: skip
    # What is tested stays as it was published; what else is there of it goes.
    taken = {files[row].md5 for row in rows[TEST]}
    for part in (VALIDATION, TRAIN):
        copies = [row for row in rows[part] if files[row].md5 in taken]
        rows[part] = [row for row in rows[part] if files[row].md5 not in taken]
        taken |= {files[row].md5 for row in rows[part]}
        if copies:
            where = f"in {part}, left out: the same bytes are in another part"
            notes.append(_told(len(copies), "picture", where, files[copies[0]]))
    train, test = [*rows[None], *rows[TRAIN]], rows[TEST]
    if again := len(train) - len({files[row].md5 for row in train}):
        notes.append(
            f"{again:,} picture{'s' if again > 1 else ''} with the same bytes as another: copies "
            f"of one are all trained on, all held out or all tested"
        )
    if not test:
        train, test = _split(folder, files, train)
    return PictureParts(train, rows[VALIDATION], test, notes)


def listed_parts(
    folder: Path, files: Sequence[PictureFile], listed: Sequence[Listed]
) -> PictureParts | None:
    """Finds the pictures of a run again, wherever they are in the folder, by their bytes.

    Args:
        folder: The folder, for messages.
        files: Its pictures.
        listed: The pictures of the run.

    Returns:
        The parts; what is new, changed or gone takes no part, and is told. `None` where none of
        them is in the folder: it holds other images.
    """
    places = collections.defaultdict(list)
    for row, file in enumerate(files):
        places[file.md5].append(row)
    found: list[tuple[str, int]] = []
    gone: list[Listed] = []
    for one in listed:
        here = places[one.md5]
        if not here:
            gone.append(one)
            continue
        row = next((row for row in here if files[row].name == one.name), here[0])
        here.remove(row)
        found.append((one.part, row))
    if not found:
        return None

    def rows(*parts: str) -> list[int]:
        return [row for part, row in found if part in parts]

    notes = _changes(files, listed, gone, [file for here in places.values() for file in here])
    if gone:
        # Split anew, those that are left would change places.
        trained, validation = rows(TRAIN), rows(HELD_OUT, VALIDATION)
    else:
        trained, validation = rows(TRAIN, HELD_OUT), rows(VALIDATION)
    return PictureParts(trained, validation, rows(TEST), notes, rows(UNUSED))


def _changes(
    files: Sequence[PictureFile], listed: Sequence[Listed], gone: list[Listed], others: list[int]
) -> list[str]:
    """Tells what is new, changed or gone since pictures were listed."""
    names, known = {file.name for file in files}, {one.name for one in listed}
    unlisted = [files[row] for row in sorted(others)]
    kinds: dict[str, Sequence[PictureFile | Listed]] = {
        "new since the training, left out": [one for one in unlisted if one.name not in known],
        "changed since the training, left out": [one for one in unlisted if one.name in known],
        "gone since the training": [one for one in gone if one.name not in names],
    }
    return [_told(len(ones), "picture", what, ones[0]) for what, ones in kinds.items() if ones]


def _split(
    folder: Path, files: Sequence[PictureFile], rows: list[int]
) -> tuple[list[int], list[int]]:
    """Splits like the validation images, by the same frozen seed."""
    if len(rows) < 2:
        raise DataError(f"{folder}: holds one image; expected two or more, to train and to test")
    first: dict[str, int] = {}
    copy_of = [first.setdefault(files[row].md5, place) for place, row in enumerate(rows)]
    train, test = validation_rows(len(rows), TEST_SHARE, copy_of)
    if not len(test):
        raise DataError(f"{folder}: holds one image {len(rows):,} times; expected others, too")
    return [rows[row] for row in train], [rows[row] for row in test]


def _told(count: int, noun: str, what: str, example: PictureFile | Listed) -> str:
    return f"{count:,} {noun}{'s' if count > 1 else ''} {what}, such as {example.name}"
