"""Coverage-guided fuzzing of the readers of untrusted files; see README.md."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import struct
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["kerasae", "zipfile", "json", "gzip", "numpy.lib", "PIL"]):
    from kerasae_cli import config_file

    from kerasae.data import idx, npz, own_images, picture_files
    from kerasae.files import bounded_json, bounded_zip
    from kerasae.runs import reading  # noqa: F401
    from kerasae.runs.run import Run
    from kerasae.safety import model_config
    from kerasae.training.checkpoints import Checkpoints
    from kerasae.trials import ledger, sweeps
from kerasae.errors import KerasAEError
from kerasae.experiment import Experiment
from kerasae.files.local_files import Refused, refusing
from kerasae.identity import Identity
from kerasae.trials.grid import Sweep

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


def fuzz_run(data: bytes) -> None:
    """Gives the bytes to each file of a run and of a sweep, and reads them as commands do."""
    run, trials = FOLDER / "run", FOLDER / "trials-run"
    run.mkdir(exist_ok=True)
    trials.mkdir(exist_ok=True)
    for name in ("experiment.json", "metrics.json", "history.csv", "run.json", "checkpoint-000001"):
        (run / name).write_bytes(data)
    (trials / "sweep.json").write_bytes(data)
    text = data.rstrip(b"\n").replace(b"\n", b" ")
    (trials / "ledger.jsonl").write_bytes(ledger._digest(text) + b" " + text + b"\n")
    read = Run(run)
    identity = Identity(Experiment("mnist5k"), ())
    for one in (
        lambda: read.experiment, lambda: read.metrics, lambda: read.history, lambda: read.record,
        lambda: sweeps.read_sweep(trials), lambda: Checkpoints(run, identity).latest(),
        lambda: _ledger(trials),
    ):  # fmt: skip
        with contextlib.suppress(KerasAEError):
            one()


def _ledger(folder: Path) -> None:
    with ledger.Ledger(folder) as opened:
        opened.read()


def fuzz_toml(data: bytes) -> None:
    config_file.read_config(_written("a.toml", data), {"fit": {"epochs": "epochs"}})


def fuzz_folder(data: bytes) -> None:
    """Makes a folder of a good picture and others, whose names and bytes are the input's."""
    folder = FOLDER / "pictures"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    parts = data.split(b"\0\0", 8)
    for number, part in enumerate(parts):
        suffix = (".png", ".jpg", ".gif", ".txt")[part[0] % 4 if part else 0]
        below = folder / ("a", "b", "train", "test")[number % 4]
        below.mkdir(exist_ok=True)
        (below / f"{number}{suffix}").write_bytes(part[1:])
    before = sorted(FOLDER.iterdir())
    with contextlib.suppress(KerasAEError):
        own_images.load_own_images(str(folder), skip_bad=True)
    assert sorted(FOLDER.iterdir()) == before


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
        "run": [json.dumps(one).encode() for one in _run_files()],
        "toml": [b"[fit]\nepochs = 5\n", b"[fit]\nepochs = [1, 2]\n[sweep]\na.b = {c = 1}\n"],
        "folder": [b"\0\0".join(b"\0" + one for one in pictures)],
        "config": [config],
    }[target]


def _run_files() -> list[object]:
    """The contents of the files of a run and of a sweep."""
    experiment = Experiment("mnist5k").to_dict()
    metrics = {"val_mse": 0.1, "test_mse": 0.1, "test_psnr": 10.0, "epochs": 1, "seconds": 1.0}
    return [
        experiment,
        metrics,
        {**Sweep(Experiment("mnist5k")).to_dict(), "early_stop": None},
        {"trial": "a", "identity": {"experiment": experiment, "data_md5": [], "code": 2}},
        {"trial": "a", "outcome": {"metrics": metrics}},
        {"trial": "a", "outcome": {"error": "it", "final": True}},
        {"trial": "a", "rung": 1, "val_mse": 0.1},
    ]


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
    warnings.simplefilter("ignore")
    print(f"crashes go to {FOLDER}", file=sys.stderr)
    atheris.Setup(
        [sys.argv[0], str(corpus), "-max_len=8192", "-rss_limit_mb=1500", *options], one_input
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
