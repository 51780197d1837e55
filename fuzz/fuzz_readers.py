"""Coverage-guided fuzzing of the readers of untrusted files; see README.md."""

from __future__ import annotations

import contextlib
import io
import json
import os
import struct
import sys
import tempfile
import zipfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["kerasae", "zipfile", "json", "gzip", "numpy.lib", "PIL"]):
    from kerasae.data import idx, npz, picture_files
    from kerasae.files import bounded_json, bounded_zip
    from kerasae.safety import model_config
from kerasae.errors import KerasAEError
from kerasae.files.local_files import Refused, refusing

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))


def _written(name: str, data: bytes) -> Path:
    (FOLDER / name).write_bytes(data)
    return FOLDER / name


def fuzz_idx(data: bytes) -> None:
    idx.read_idx(_written("a.gz" if data[:1] == b"\x1f" else "a", data))


def fuzz_npz(data: bytes) -> None:
    if data.startswith(b"PK"):
        npz.read_npz(_written("a.npz", data), ["a"])
    else:
        with contextlib.suppress(KerasAEError):
            npz.map_npy(_written("a.npy", data))
        with zipfile.ZipFile(FOLDER / "b.npz", "w") as archive:
            archive.writestr("a.npy", data)
        npz.read_npz(FOLDER / "b.npz", ["a"])


def fuzz_picture(data: bytes) -> None:
    with picture_files.pillow_quiet():
        picture_files.read_picture(_written("a.png", data))


def fuzz_archive(data: bytes) -> None:
    members = {"metadata.json": 1 << 12, "config.json": 1 << 16, "model.weights.h5": 1 << 16}
    with (
        refusing("a.keras", KerasAEError),
        io.BytesIO(data) as file,
        bounded_zip.open_zip(file, members) as archive,
    ):
        for name in members:
            assert len(bounded_zip.read_member(archive, name)) <= members[name]


def fuzz_json(data: bytes) -> None:
    bounded_json.parse_json(data, 64)


def fuzz_config(data: bytes) -> None:
    checked = model_config.check_model_config(bounded_json.parse_json(data, 64))
    again = model_config.check_model_config(json.loads(json.dumps(checked.config)))
    assert again == checked


def _seeds(target: str) -> list[bytes]:
    """A valid input of each target to begin with."""
    import numpy as np

    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from model_parts import good_config, members
    from PIL import Image

    archive, arrays, array = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in members(h5=b"weights").items():
            file.writestr(name, content)
    np.savez_compressed(arrays, a=np.zeros((2, 3), np.uint8))
    np.save(array, np.zeros((2, 3), np.float32))
    pictures = []
    for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP"):
        file = io.BytesIO()
        Image.new("L", (6, 8), 90).save(file, kind)
        pictures.append(file.getvalue())
    config = json.dumps(good_config()).encode()
    return {
        "idx": [bytes([0, 0, 8, 2]) + struct.pack(">2I", 2, 3) + bytes(6)],
        "npz": [arrays.getvalue(), array.getvalue()],
        "picture": pictures,
        "archive": [archive.getvalue()],
        "json": [config],
        "config": [config],
    }[target]


def main() -> None:
    target, options = sys.argv[1], sys.argv[2:]
    read = globals()[f"fuzz_{target}"]

    def one_input(data: bytes) -> None:
        with contextlib.suppress(KerasAEError, Refused):
            read(data)

    corpus = FOLDER / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(_seeds(target)):
        (corpus / f"seed{number}").write_bytes(seed)
    os.chdir(FOLDER)
    print(f"crashes go to {FOLDER}", file=sys.stderr)
    atheris.Setup(
        [sys.argv[0], str(corpus), "-max_len=8192", "-rss_limit_mb=1500", *options], one_input
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
