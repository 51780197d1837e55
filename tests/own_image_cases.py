"""Pictures and files of arrays of strangers, each broken or hostile; `CASES` lists them.

A case returns the path for `--dataset`.
"""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from data_cases import Canary, npy_header
from hostile import Case, Cases
from picture_cases import pattern, write_pictures
from PIL import Image

CASES = Cases()
case = CASES.add


def png(width: int, height: int, rows: bytes) -> bytes:
    """Writes a grayscale PNG whose header need not agree with its rows."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    )  # fmt: skip


def picture(number: int = 0, ending: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pattern(number)).save(file, ending)
    return file.getvalue()


def among_others(reason: str, name: str, content: bytes) -> None:
    """Adds a folder of good pictures with a bad one, which the line has to name."""

    def make(place):
        write_pictures(place.folder / "p", 4)
        (place.folder / "p" / name).write_bytes(content)
        return place.folder / "p"

    CASES.append(Case(name, make, reason.format(name=name)))


among_others(r"{name}: has far too many pixels", "bomb.png", png(30_000, 30_000, bytes(1000)))
among_others(
    r"{name}: has 8,192 x 8,193 pixels", "bomb_below_pillows_limit.png", png(8192, 8193, b"")
)
among_others(
    r"{name}: (cannot be read|is damaged)", "cut_while_a_bomb.png",
    png(8192, 8192, bytes(1000)),
)  # fmt: skip
among_others("{name}: (cannot be read|is damaged)", "cut.png", picture()[:-40])
among_others("{name}: (cannot be read|is damaged)", "cut.jpg", picture(ending="JPEG")[:-100])
among_others("{name}: (cannot be read|is damaged)", "cut.webp", picture(ending="WEBP")[:-40])
among_others("{name}: (cannot be read|is damaged)", "cut.tif", picture(ending="TIFF")[:-60])
among_others("{name}: (cannot be read|is damaged)", "cut.bmp", picture(ending="BMP")[:-40])
among_others("{name}: is no PNG", "empty.png", b"")
among_others("{name}: is no PNG", "text.png", b"hello")
among_others("{name}: is no PNG", "script.png", b"%!PS-Adobe-3.0 EPSF-3.0\n" + b"quit\n" * 99)


def _flipped(place: int) -> bytes:
    content = bytearray(picture())
    content[place] ^= 1
    return bytes(content)


among_others("{name}: is no PNG", "flipped_magic.png", _flipped(1))
among_others("{name}: (is no PNG|cannot be read|is damaged)", "flipped_size.png", _flipped(19))
among_others("{name}: (cannot be read|is damaged)", "flipped_pixels.png", _flipped(45))


@case("cannot be read|is a pipe")
def pipe_among_pictures(place):
    write_pictures(place.folder / "p", 4)
    os.mkfifo(place.folder / "p" / "pipe.png")
    return place.folder / "p"


@case("000.png: .*(symbolic links|No such file)")
def picture_that_links_to_itself(place):
    write_pictures(place.folder / "p", 4)
    (place.folder / "p" / "000.png").unlink()
    (place.folder / "p" / "000.png").symlink_to("000.png")
    return place.folder / "p"


@case("holds no images")
def folder_without_pictures(place):
    (place.folder / "p").mkdir()
    return place.folder / "p"


def npy(place, content: bytes) -> Path:
    path = place.folder / "[red]a.npy"
    path.write_bytes(content)
    return path


@case("holds '.O'; expected numbers")
def pickle_in_an_npy(place):
    path = place.folder / "a.npy"
    np.save(path, np.array([Canary(place.canary)], dtype=object), allow_pickle=True)
    return path


@case("is no npy file")
def bare_pickle(place):
    return npy(place, pickle.dumps(Canary(place.canary)))


@case("and holds 0")
def terabytes_in_an_npy_header(place):
    return npy(place, npy_header("(1000000, 1000, 1000)"))


@case("and holds 99")
def cut_npy(place):
    return npy(place, npy_header("(10, 4, 4)") + bytes(99))


@case("is no npy file")
def empty_npy(place):
    return npy(place, b"")


@case("is no npy file")
def npy_with_a_flipped_bit(place):
    content = bytearray(npy_header("(10, 4, 4)") + bytes(160))
    content[2] ^= 1
    return npy(place, bytes(content))


@case("is a pipe")
def pipe_named_npy(place):
    os.mkfifo(place.folder / "a.npy")
    return place.folder / "a.npy"


@case(r"a\.npy\[3, 1, 2\] is nan")
def nan_in_an_npy(place):
    images = np.zeros((10, 4, 4), np.float32)
    images[3, 1, 2] = np.nan
    np.save(place.folder / "a.npy", images)
    return place.folder / "a.npy"


@case("table of contents")
def npz_of_thousands_of_arrays(place):
    path = place.folder / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(5000):
            archive.writestr(f"{number}.npy", b"")
    return path


@case(r"'\.\./canary.npy'|\.\./canary: ")
def npz_whose_member_leaves_the_folder(place):
    path = place.folder / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../canary.npy", npy_header("(10, 4, 4)"))
    return path


@case("path of a folder")
def url_as_a_data_set(place):
    return f"http://127.0.0.1:{place.port}/images.npz"


@case("path of a folder")
def data_set_of_300_characters(place):
    return place.folder / ("x" * 300)


@case("path of a folder")
def data_set_with_a_nul(place):
    return f"{place.folder}/a\0b.npy"
