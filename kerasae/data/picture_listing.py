"""Which files of a folder are pictures, and which class and part of the data set each is of."""

from __future__ import annotations

import collections
import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from kerasae.data.picture_files import SUFFIXES, is_picture
from kerasae.errors import DataError
from kerasae.files.local_files import Refused, refusing

_KINDS_NAMED = 8
_PART = re.compile(r"(train|test|val)(?:ing|id|idation)?(?:[-_ ]?(?:set|data|images))?", re.I)
_PARTS = {"train": "train", "test": "test", "val": "validation"}
# MVTec AD's folder is never anything else; the others can be classes where nothing else tells.
_MASKS = {"ground_truth"}
_MASKS_BESIDE = {"mask", "masks", "annotation", "annotations", "segmentation", "segmentations"}
_IMAGES = {"image", "images", "imgs"}
_MASK_OF = re.compile(r"[-_]mask(?:[-_]?\d+)?$", re.I)


class FoundPictures(NamedTuple):
    """The pictures in a folder.

    Args:
        files: Their paths, sorted by the path with `/` inside the folder.
        left_out: A line for each kind of files that are none, or that are masks.
    """

    files: list[Path]
    left_out: list[str]


class Place(NamedTuple):
    """What the folders around a picture say of it.

    Args:
        part: `train`, `validation` or `test`; `None` where the folders are no parts.
        class_name: Its class; empty where it has none.
    """

    part: str | None
    class_name: str


def find_pictures(folder: Path) -> FoundPictures:
    """Lists the pictures in a folder and its sub-folders, by name.

    Hidden files and folders are left out. Masks, which say where something is in a picture, are no
    pictures: what lies in `ground_truth`, in `masks` beside `images`, or is called
    `a_mask.png` beside `a.png`.

    Args:
        folder: The folder.

    Returns:
        The `FoundPictures`.

    Raises:
        DataError: If it holds none, or a folder cannot be listed.
    """

    def fail(error: OSError) -> None:
        raise error

    # Text throughout: a hundred thousand paths as objects take seconds.
    names: list[str] = []
    with refusing(folder, DataError):
        for place, folders, inside in os.walk(folder, onerror=fail):
            folders[:] = [name for name in folders if not name.startswith(".")]
            start = os.path.relpath(place, folder).replace(os.sep, "/") + "/"
            start = "" if start == "./" else start
            names += [start + name for name in inside if not name.startswith(".")]
        names.sort()
        pictures = [name for name in names if is_picture(name)]
        masks = _masks(pictures)
        kept = [name for name in pictures if name not in masks]
        if not kept:
            raise Refused(f"holds no images; expected files such as {', '.join(SUFFIXES)}")
    taken = set(kept)
    left_out = {
        name: "mask" if name in masks else f"{PurePath(name).suffix.lower()} file"
        for name in names
        if name not in taken
    }
    return FoundPictures([folder / name for name in kept], _by_kind(folder, left_out))


def _masks(names: Sequence[str]) -> set[str]:
    split = [name.rpartition("/") for name in names]
    inside = {PurePath(place) for place in {place for place, _, _ in split}}
    known = {folder for one in inside for folder in (one, *one.parents)}
    of_masks = {one.as_posix() for one in inside if _is_of_masks(one, known)}
    like_masks = [name for name in names if _MASK_OF.search(name.rpartition(".")[0])]
    stems = {name.rpartition(".")[0] for name in names} if like_masks else set()
    inside_masks = {
        name
        for name, (place, _, _) in zip(names, split, strict=True)
        if of_masks and PurePath(place).as_posix() in of_masks
    }
    return inside_masks | {name for name in like_masks if _is_mask_of(name, stems)}


def _is_of_masks(folder: PurePath, known: set[PurePath]) -> bool:
    for one in (folder, *folder.parents):
        lower = one.name.lower()
        beside = lower in _MASKS_BESIDE and any(
            other.parent == one.parent and other.name.lower() in _IMAGES for other in known
        )
        if lower in _MASKS or beside:
            return True
    return False


def _is_mask_of(name: str, stems: set[str]) -> bool:
    """Tells whether there is a picture of the same name without `_mask`."""
    stem = name.rpartition(".")[0]
    picture = _MASK_OF.sub("", stem)
    return not picture.endswith("/") and picture in stems


def _by_kind(folder: Path, kinds: dict[str, str]) -> list[str]:
    """Counts files by kind, and names the first of each."""
    counts = collections.Counter(kinds.values()).most_common()
    first = {kind: name for name, kind in reversed(kinds.items())}
    lines = []
    for kind, count in counts[:_KINDS_NAMED]:
        named = kind if kind != " file" else "file without an ending"
        plural = named if count == 1 else named.replace("file", "files").replace("mask", "masks")
        lines.append(f"{folder}: {count:,} {plural}, such as {first[kind]}")
    if more := sum(count for _, count in counts[_KINDS_NAMED:]):
        lines.append(f"{folder}: {more:,} files of other kinds")
    return lines


def places_of(names: Sequence[PurePath]) -> list[Place | None]:
    """Says what the folders around pictures mean.

    Folders that say what they are, such as `train`, `val` and `test`, are parts of the data set,
    and those inside them classes; all other folders are classes.

    Args:
        names: The pictures' paths inside the folder.

    Returns:
        The `Place` of each; `None` for a picture outside of all parts.

    Example:

    >>> places_of([PurePath("train/cat/1.png"), PurePath("test/cat/1.png"), PurePath("2.png")])
    [Place(part='train', class_name='cat'), Place(part='test', class_name='cat'), None]
    >>> places_of([PurePath("cat/1.png"), PurePath("dog/old/1.png"), PurePath("2.png")])
    [Place(part=None, class_name='cat'), Place(part=None, class_name='dog'), \
Place(part=None, class_name='')]
    """
    depth = _depth_of_parts([name.parts[:-1] for name in names])
    if depth is None:
        return [Place(None, name.parts[0] if len(name.parts) > 1 else "") for name in names]
    places: list[Place | None] = []
    for name in names:
        folders = name.parts[:-1]
        part = _part(folders[depth]) if len(folders) > depth else None
        places.append(None if part is None else Place(part, _class(folders[depth + 1 :])))
    return places


def _depth_of_parts(folders: Sequence[tuple[str, ...]]) -> int | None:
    """Returns how deep the folders are that are parts; `None` where there are none."""
    depth = 0
    while True:
        here = {one[depth] for one in folders if len(one) > depth}
        parts = {_part(name) for name in here}
        if "train" in parts and (parts & {"test", "validation"} or None not in parts):
            return depth
        # Archives often hold one folder with everything in it.
        if len(here) != 1 or any(len(one) <= depth for one in folders):
            return None
        depth += 1


def _part(name: str) -> str | None:
    match = _PART.fullmatch(name)
    return _PARTS[match[1].lower()] if match else None


def _class(folders: tuple[str, ...]) -> str:
    # In `train/images/`, nobody means a class.
    inner = folders[1:] if folders and folders[0].lower() in _IMAGES else folders
    return inner[0] if inner else ""
