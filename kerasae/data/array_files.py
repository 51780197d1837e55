"""Files of arrays of images: `.npy`, `.npz`, CSV and IDX, checked before they are used."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerasae.data.array_roles import ALL, TEST, TRAIN, VALIDATION, roles_of
from kerasae.data.csv_images import read_csv
from kerasae.data.idx import read_idx
from kerasae.data.idx_sets import find_set, read_set
from kerasae.data.image_checks import check_counts, check_shape
from kerasae.data.npz import map_npy, npz_headers, read_npz
from kerasae.data.picture_files import is_picture
from kerasae.errors import DataError
from kerasae.files.local_files import open_local, refusing
from kerasae.memory import check_memory

_NAMES_SHOWN = 10
# Bytes for each image, however small: its number, its place in the order, its label.
_ROW = 40
_SUFFIXES = (".npy", ".npz", ".csv")
# What other files begin with, what they are, and what to do.
_OTHERS = (
    (b"\x80", "is a pickle, which runs code when it is read", "save its arrays with numpy.savez"),
    (b"\x89HDF", "is an HDF5 file", "save its arrays with numpy.savez"),
    (b"MATLAB", "is a MATLAB file", "read it with scipy.io.loadmat and save it with numpy.savez"),
    (b"PK\3\4", "is an archive", "unpack it and name the folder"),
    (b"%PDF", "is a PDF", "save its pictures in a folder"),
)
_OTHER_SUFFIXES = {
    ".pkl": _OTHERS[0], ".pickle": _OTHERS[0], ".mat": _OTHERS[2], ".h5": _OTHERS[1],
    ".hdf5": _OTHERS[1],
}  # fmt: skip


class ImageArrays(NamedTuple):
    """The images in a file, or in one part of it.

    Args:
        images: The images, `(images, height, width)` or `(images, height, width, 1 or 3)`.
        labels: Their labels, whole numbers, `(images,)`, or `None`.
    """

    images: NDArray[Any]
    labels: NDArray[Any] | None = None


class ArraySet(NamedTuple):
    """What a file of arrays holds.

    Args:
        parts: The images by part: `all`, or `train` and perhaps `validation` and `test`.
        notes: Lines on what was taken otherwise than it stands there, or left out.
    """

    parts: dict[str, ImageArrays]
    notes: tuple[str, ...] = ()


def read_image_arrays(path: Path, size: tuple[int, int] | None = None) -> ArraySet:
    """Reads a file of images, or a folder with the IDX files of MNIST or one of its kin.

    Args:
        path: An `.npy` file of images, which is mapped; an `.npz` file whose arrays say what they
            are, such as `x_train`, `train_images`, `images` and `labels`; a CSV file with an image
            a row; an IDX file, plain or `.gz`; or a folder of the latter.
        size: Height and width of images whose pixels are in one row; `None` where they are
            square.

    Returns:
        The `ArraySet`; of which type the pixels are is not checked yet, see `pixel_scale`.

    Raises:
        DataError: If it is not such a file.
    """
    found = _found_in(path)
    parts, notes = {}, list(found.notes)
    for part, one in found.parts.items():
        images = _as_images(str(path), one.images, size, notes)
        labels = _as_labels(str(path), images, one, notes)
        parts[part] = ImageArrays(images, labels)
    shapes = {part: one.images.shape[1:] for part, one in parts.items()}
    if len(set(shapes.values())) > 1:
        told = ", ".join(f"the {part} images {shape}" for part, shape in shapes.items())
        raise DataError(f"{path}: {told}; expected one shape")
    return ArraySet(parts, tuple(dict.fromkeys(notes)))


def is_array_file(path: Path) -> bool:
    """Tells by its name whether a file holds arrays of images.

    Example:

    >>> is_array_file(Path("a.npy")), is_array_file(Path("t10k-images-idx3-ubyte.gz"))
    (True, True)
    """
    return path.suffix in _SUFFIXES or "idx" in path.name.removesuffix(".gz")


def is_array_folder(path: Path) -> bool:
    """Tells whether a folder holds IDX files of images."""
    return find_set(path) is not None


def _found_in(path: Path) -> ArraySet:
    if path.is_dir():
        (train, test), note = read_set(path)
        parts = {TRAIN: ImageArrays(*train), TEST: ImageArrays(*test)}
        return ArraySet(parts, (note,) if note else ())
    if is_picture(path):
        raise DataError(f"{path}: is one picture; expected a folder of them")
    if path.suffix == ".npz":
        return _in_npz(path)
    if path.suffix == ".csv":
        table = read_csv(path)
        return ArraySet({ALL: ImageArrays(table.images, table.labels)})
    if path.suffix == ".npy":
        return ArraySet({ALL: ImageArrays(map_npy(path))})
    _check_kind(path)
    return ArraySet({ALL: ImageArrays(read_idx(path))})


def _check_kind(path: Path) -> None:
    """Refuses files that are known to be something else."""
    with refusing(path, DataError), open_local(path, 1 << 40) as file:
        start = file.read(8)
    kind = _OTHER_SUFFIXES.get(path.suffix) or next(
        (kind for kind in _OTHERS if start.startswith(kind[0])), None
    )
    if kind is not None:
        raise DataError(f"{path}: {kind[1]}; {kind[2]}")


def _in_npz(path: Path) -> ArraySet:
    headers = npz_headers(path)
    roles, unknown = roles_of(headers)
    why = {name: "has no known name" if headers[name] else "holds no numbers" for name in unknown}
    notes = [f"{path}: {name} {why[name]}: left out" for name in unknown[:_NAMES_SHOWN]]
    if not roles or not {ALL, TRAIN} & roles.keys():
        names = ", ".join(sorted(headers)[:_NAMES_SHOWN]) or "nothing"
        raise DataError(
            f"{path}: holds {names}; expected one array, images and labels, or x_train, y_train, "
            f"x_test, y_test"
        )
    wanted = [name for role in roles.values() for name in role if name is not None]
    arrays = dict(zip(wanted, read_npz(path, wanted, others=set(headers) - set(wanted)),
                      strict=True))  # fmt: skip
    parts = {
        part: ImageArrays(arrays[images], None if labels is None else arrays[labels])
        for part, (images, labels) in roles.items()
    }
    if len(parts) > 1 and ALL in parts:
        parts[TRAIN] = parts.pop(ALL)
    order = [part for part in (ALL, TRAIN, VALIDATION, TEST) if part in parts]
    return ArraySet({part: parts[part] for part in order}, tuple(notes))


def _as_images(
    name: str, images: NDArray[Any], size: tuple[int, int] | None, notes: list[str]
) -> NDArray[Any]:
    if images.ndim == 2 and 0 not in images.shape:
        images = _of_rows(name, images, size, notes)
    if images.ndim == 4 and images.shape[1] in (1, 3) and images.shape[3] not in (1, 3):
        notes.append(f"{name}: the channels come first in {images.shape[1:]}: put last")
        images = np.moveaxis(images, 1, -1)
    check_shape(images, name)
    check_memory(f"{name}: the numbers of {len(images):,} images", _ROW * len(images), "take fewer")
    if images.ndim == 4 and images.shape[3] not in (1, 3):
        raise DataError(f"{name}: the images have {images.shape[3]} channels; expected 1 or 3")
    return images


def _of_rows(
    name: str, rows: NDArray[Any], size: tuple[int, int] | None, notes: list[str]
) -> NDArray[Any]:
    pixels = rows.shape[1]
    side = math.isqrt(pixels)
    height, width = size if size is not None and math.prod(size) == pixels else (side, side)
    if height * width != pixels:
        raise DataError(
            f"{name}: received rows of {pixels:,} numbers, the shape {rows.shape}; expected images "
            f"(images, height, width), or tell the size of grey ones with --image-size"
        )
    notes.append(f"{name}: rows of {pixels:,} numbers are taken as images of {height} x {width}")
    return rows.reshape(-1, height, width)


def _as_labels(
    name: str, images: NDArray[Any], one: ImageArrays, notes: list[str]
) -> NDArray[Any] | None:
    labels = one.labels
    if labels is None:
        return None
    labels = labels[:, 0] if labels.shape[1:] == (1,) else labels
    check_counts(images, labels, name)
    if labels.ndim != 1 or not (labels.dtype.kind in "iu" or _is_whole(labels)):
        found = f"{labels.dtype} of shape {labels.shape}"
        notes.append(f"{name}: the labels are left out: {found}, expected a whole number each")
        return None
    return labels.astype(np.int64)


def _is_whole(labels: NDArray[Any]) -> bool:
    return labels.dtype.kind in "fb" and bool((labels == np.rint(labels)).all())
