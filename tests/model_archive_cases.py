"""Files that are no models, and archives that are not what Keras writes; `CASES` lists them.

A case writes a file into its place and returns the path to load.
"""

from __future__ import annotations

import os
import struct
import warnings
import zipfile

from hostile import Cases
from model_parts import good_file, members, pack

CASES = Cases()
case = CASES.add


@case("No such file.*; name the folder of a run")
def missing_file(place):
    return place.folder / "missing.keras"


@case("does not end like a zip")
def empty_file(place):
    (place.folder / "model.keras").touch()
    return place.folder / "model.keras"


@case("folder of a finished run")
def directory(place):
    (place.folder / "model.keras").mkdir()
    return place.folder / "model.keras"


@case("is a pipe")
def pipe(place):
    os.mkfifo(place.folder / "model.keras")
    return place.folder / "model.keras"


@case("is a device")
def endless_device(place):
    return "/dev/zero"


@case("is a URL")
def url(place):
    return f"http://127.0.0.1:{place.port}/model.keras"


@case("is a URL")
def hugging_face_path(place):
    return "hf://someone/model.keras"


@case("too long")
def name_of_300_letters(place):
    return place.folder / ("x" * 300 + ".keras")


@case("NUL")
def name_with_nul(place):
    return f"{place.folder}/a\0.keras"


@case("No such file")
def name_with_line_break_and_colour(place):
    return place.folder / "a\n\x1b[31m[bold]b.keras"


@case("does not end like a zip")
def picture(place):
    (place.folder / "model.keras").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
    return place.folder / "model.keras"


@case("expected at most")
def larger_than_a_gigabyte(place):
    with (place.folder / "model.keras").open("wb") as file:
        file.truncate((1 << 30) + 1)
    return place.folder / "model.keras"


@case("does not end like a zip")
def cut_archive(place):
    path = good_file(place)
    path.write_bytes(path.read_bytes()[:-100])
    return path


@case("CRC-32")
def flipped_bit(place):
    path = good_file(place)
    content = bytearray(path.read_bytes())
    content[content.index(b'"pixels"')] ^= 1
    path.write_bytes(content)
    return path


@case("does not end like a zip")
def comment(place):
    path = good_file(place)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"PK\5\6"
    return path


@case("table of contents has")
def endless_table_of_contents(place):
    path = good_file(place)
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", *[0] * 16)
    count = 60_000
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(entry) * count, 0, 0)
    path.write_bytes(entry * count + end)
    return path


@case("is there twice")
def member_twice(place):
    path = good_file(place)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("config.json", "{}")
    return path


@case("is not expected")
def member_outside(place):
    return pack(place, {**members(), "../canary": "x"})


@case("is not expected")
def member_with_absolute_path(place):
    return pack(place, {**members(), str(place.canary): "x"})


@case("is not expected")
def vocabulary_in_assets(place):
    return pack(place, {**members(), "assets/layers/lookup/vocabulary.txt": "a"})


@case("'model.weights.h5' is missing")
def no_weights(place):
    content = members()
    del content["model.weights.h5"]
    return pack(place, content)


@case("encrypted")
def encrypted_member(place):
    path = good_file(place)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    return path


@case("unusual way")
def packed_with_lzma(place):
    return pack(place, members(), zipfile.ZIP_LZMA)


@case("'config.json' declares")
def bomb_in_the_config(place):
    return pack(place, members(b" " * (1 << 28)), zipfile.ZIP_DEFLATED)


@case("'model.weights.h5' declares")
def bomb_in_the_weights(place):
    return _lying_member(place, members(h5=bytes(1 << 26)), 26, "model.weights.h5", 0x7FFFFFFF)


@case("cannot be read|ends early")
def bomb_that_understates_its_size(place):
    return _lying_member(place, members(b" " * (1 << 26)), 26, "config.json", 1000)


def _lying_member(place, content, bits, name, size):
    path = pack(place, content, zipfile.ZIP_DEFLATED)
    data = path.read_bytes()
    honest, lie = struct.pack("<I", 1 << bits), struct.pack("<I", size)
    assert data.count(honest) >= 2, name
    path.write_bytes(data.replace(honest, lie))
    return path


@case("expected Keras 3")
def saved_by_keras_2(place):
    return pack(place, {**members(), "metadata.json": '{"keras_version": "2.15.0"}'})
