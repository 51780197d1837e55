"""Data files of strangers, each broken or hostile in one way; `CASES` lists them.

A case fills a folder for `--data-dir`.
"""

from __future__ import annotations

import gzip
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hostile import Case, Cases

IMAGES, LABELS = np.zeros((3, 28, 28), np.uint8), np.zeros(3, np.uint8)


CASES = Cases()


def case(reason: str):
    """Adds a function that fills a folder; another path for `--data-dir` may be returned."""

    def append(make):
        CASES.append(Case(make.__name__, lambda place: make(place.folder), reason))
        return make

    return append


class Canary:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)

    def __reduce__(self):
        return open, (self._path, "w")


def npz(folder: Path, save: Callable[..., object] = np.savez, **arrays: Any) -> Path:
    content = {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES, "y_test": LABELS}
    save(folder / "mnist.npz", **{**content, **arrays})
    return folder / "mnist.npz"


def npy_header(shape: str, dtype: str = "|u1") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    text = text + " " * (63 - (len(text) + 10) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode()


def npz_with(folder: Path, member: bytes, method: int = zipfile.ZIP_STORED) -> None:
    path = npz(folder)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in {**content, "x_train.npy": member}.items():
            archive.writestr(name, data)


def idx(folder: Path, images: bytes, suffix: str = "") -> None:
    """Writes the four IDX files, of which the first has the content given."""
    pixels = bytes([0, 0, 8, 3]) + struct.pack(">3I", 3, 28, 28) + IMAGES.tobytes()
    classes = bytes([0, 0, 8, 1]) + struct.pack(">I", 3) + LABELS.tobytes()
    (folder / f"train-images-idx3-ubyte{suffix}").write_bytes(images)
    (folder / "train-labels-idx1-ubyte").write_bytes(classes)
    (folder / "t10k-images-idx3-ubyte").write_bytes(pixels)
    (folder / "t10k-labels-idx1-ubyte").write_bytes(classes)


@case("holds neither")
def empty_folder(folder):
    pass


@case("is a directory")
def directory_named_npz(folder):
    (folder / "mnist.npz").mkdir()


@case("is a pipe")
def pipe_named_npz(folder):
    os.mkfifo(folder / "mnist.npz")


@case("is a pipe")
def pipe_among_idx_files(folder):
    idx(folder, b"")
    (folder / "train-images-idx3-ubyte").unlink()
    os.mkfifo(folder / "train-images-idx3-ubyte")


@case("does not end like a zip")
def empty_npz(folder):
    (folder / "mnist.npz").touch()


@case("does not end like a zip")
def cut_npz(folder):
    path = npz(folder)
    path.write_bytes(path.read_bytes()[:-30])


@case("cannot be read")
def npz_with_a_flipped_bit(folder):
    path = npz(folder)
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)


@case("holds .*O")
def pickled_objects(folder):
    npz(folder, x_train=np.array([Canary(folder / "canary")], dtype=object))


@case("holds .*U1")
def text_as_images(folder):
    npz(folder, x_train=np.array(["a"]))


@case("'z.npy' is not expected")
def array_of_another_name(folder):
    npz(folder, z=LABELS)


@case("'x_train.npy' declares")
def npz_bomb(folder):
    path = folder / "mnist.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x_train.npy", "w") as member,
    ):
        for _ in range(300):
            member.write(bytes(1 << 20))


@case("declares .* bytes")
def terabyte_header(folder):
    npz_with(folder, npy_header("(1000000, 1000, 1000)"))


@case("its header is not that of an array")
def negative_shape(folder):
    npz_with(folder, npy_header("(-3, -28, 28)") + IMAGES.tobytes())


@case("its header is not that of an array")
def code_in_the_header(folder):
    code = f"open({str(folder / 'canary')!r}, 'w')"
    npz_with(folder, npy_header(code))


@case("its header has 2,147,483,648 bytes")
def endless_header(folder):
    npz_with(folder, b"\x93NUMPY\2\0" + struct.pack("<I", 1 << 31) + b" " * 100)


@case("its header is not that of an array")
def header_that_python_cannot_parse(folder):
    npz_with(folder, npy_header("(3, 28, 28").replace(b"False", b"\0\xff'  ") + IMAGES.tobytes())


@case("swapped")
def images_and_labels_swapped(folder):
    npz(folder, x_train=LABELS, y_train=IMAGES)


@case(r"labels uint8 of shape \(2,\); expected .* each of the 3 images")
def fewer_labels_than_images(folder):
    npz(folder, y_test=LABELS[:2])


@case("expected 1 to")
def no_images_at_all(folder):
    npz(folder, x_train=IMAGES[:0], y_train=LABELS[:0])


@case(r"images\[1, 2, 3\] is nan")
def nan_pixel(folder):
    images = np.zeros((3, 28, 28), np.float32)
    images[1, 2, 3] = np.nan
    npz(folder, x_train=images)


@case("received int64")
def images_of_large_numbers(folder):
    npz(folder, x_train=IMAGES.astype(np.int64))


@case("MD5")
def other_images(folder):
    npz(folder)


@case("not an IDX file")
def empty_idx(folder):
    idx(folder, b"")


@case("not an IDX file")
def idx_of_floats(folder):
    idx(folder, bytes([0, 0, 13, 1, 0, 0, 0, 1, 0, 0, 0, 0]))


@case("header is cut off")
def cut_idx_header(folder):
    idx(folder, bytes([0, 0, 8, 3, 0, 0]))


@case("dimensions")
def idx_of_200_dimensions(folder):
    idx(folder, bytes([0, 0, 8, 200]) + bytes(800))


@case("the header declares")
def idx_of_terabytes(folder):
    idx(folder, bytes([0, 0, 8, 3]) + b"\xff" * 12)


@case("the header declares 2,352 bytes, the file holds 100")
def cut_idx(folder):
    idx(folder, bytes([0, 0, 8, 3]) + struct.pack(">3I", 3, 28, 28) + bytes(100))


@case("the file holds more")
def idx_with_more_behind(folder):
    idx(folder, bytes([0, 0, 8, 1, 0, 0, 0, 1, 0, 0]))


@case("the header declares 0 bytes")
def idx_of_no_images(folder):
    idx(folder, bytes([0, 0, 8, 3]) + struct.pack(">3I", 0, 28, 28))


@case("not an IDX file")
def gzip_bomb(folder):
    idx(folder, gzip.compress(bytes(1 << 28), 1), ".gz")


@case("the file holds more")
def gzip_bomb_behind_a_header(folder):
    header = bytes([0, 0, 8, 3]) + struct.pack(">3I", 3, 28, 28)
    idx(folder, gzip.compress(header + bytes(1 << 28), 1), ".gz")


@case("cannot be read")
def cut_gzip(folder):
    pixels = bytes([0, 0, 8, 3]) + struct.pack(">3I", 3, 28, 28) + IMAGES.tobytes()
    idx(folder, gzip.compress(pixels)[:-9], ".gz")


@case("cannot be read")
def no_gzip(folder):
    idx(folder, b"plain", ".gz")


@case("holds neither")
def link_to_itself(folder):
    (folder / "mnist.npz").symlink_to(folder / "mnist.npz")


def _flip(path: Path, place: int, bit: int = 1) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= bit
    path.write_bytes(content)


@case("cannot be read")
def gzip_with_a_flipped_bit(folder):
    pixels = bytes([0, 0, 8, 3]) + struct.pack(">3I", 3, 28, 28) + IMAGES.tobytes()
    idx(folder, gzip.compress(pixels), ".gz")
    _flip(folder / "train-images-idx3-ubyte.gz", -6)  # its checksum


@case("not an IDX file")
def idx_with_a_flipped_bit(folder):
    idx(folder, bytes([0, 0, 8, 3]) + struct.pack(">3I", 3, 28, 28) + IMAGES.tobytes())
    _flip(folder / "train-images-idx3-ubyte", 0)


@case("the header declares 2,436 bytes, the file holds 2,352")
def idx_with_a_flipped_bit_in_a_size(folder):
    idx(folder, bytes([0, 0, 8, 3]) + struct.pack(">3I", 3, 28, 28) + IMAGES.tobytes())
    _flip(folder / "train-images-idx3-ubyte", 15)  # 29 columns


@case("is a URL")
def url_as_the_folder(folder):
    return Path("http://127.0.0.1/data")


@case("File name too long|holds neither")
def folder_of_300_characters(folder):
    return folder / ("x" * 300)


@case("holds neither")
def folder_that_is_not_there(folder):
    return folder / "[red]nowhere[/red]\x1b[2J"
