"""Compares networks and scores of odd images inside training splits, as docs/anomaly.md says.

A sixth of a class's training images are held out, and 3,000 of the other classes' are novel; no
test image is read. What is trained is kept in a folder, and not trained again.
"""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from kerasae.anomaly.baselines import baselines
from kerasae.anomaly.combined import layer_whitenings
from kerasae.anomaly.detector import Detector
from kerasae.anomaly.local import COMPARED, Local, signed_roots
from kerasae.anomaly.neighbours import Near, nearest
from kerasae.anomaly.rapp import HiddenDifferences, Whitening
from kerasae.data.datasets import load_dataset
from kerasae.data.image_data import ImageData
from kerasae.data.pixels import as_floats
from kerasae.experiment import Experiment
from kerasae.model_outputs import outputs
from kerasae.model_parts import encoder_of
from kerasae.runs.fitting import fit_run
from kerasae.runs.run import Run
from kerasae.runs.run_files import METRICS

_SMALL = Experiment(
    hidden_dims=(256, 128, 64, 32), latent_dim=20, shortcut=None, learning_rate=2e-3, epochs=60,
    batch_size=128,
)  # fmt: skip
_DEEP = dataclasses.replace(_SMALL, hidden_dims=(512, 256, 128, 64), shift=1)
NETWORKS = {
    "small-60": _SMALL,
    "small-60-shift": dataclasses.replace(_SMALL, shift=1),
    "small-60-shift-batch-64": dataclasses.replace(_SMALL, shift=1, batch_size=64),
    "deep-60-shift-batch-256": dataclasses.replace(_DEEP, batch_size=256, learning_rate=3e-3),
    "deep-100-shift": dataclasses.replace(_DEEP, epochs=100),
    "small-7-shift-batch-64": dataclasses.replace(_SMALL, epochs=7, shift=1, batch_size=64),
    "small-30-shift-batch-64": dataclasses.replace(_SMALL, epochs=30, shift=1, batch_size=64),
    "small-30": dataclasses.replace(_SMALL, epochs=30),
    "small-30-shift": dataclasses.replace(_SMALL, epochs=30, shift=1),
    "deep-30": dataclasses.replace(_DEEP, epochs=30, shift=0),
}
_MOST = 3000


def main(
    models: Annotated[Path, typer.Argument(help="Folder of what is trained.")],
    out: Annotated[Path, typer.Argument(help="JSON lines; a network's that are there are kept.")],
    data_dir: Path,
    dataset: str = "mnist",
    classes: str = "2,8",
    networks: str = "small-60,small-60-shift-batch-64",
    protocol: str = "one-class",
) -> None:
    """Trains each network on each class, and prints the AUROC of each score."""
    done = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    measured = {(row["protocol"], row["dataset"], row["class"], row["network"]) for row in done}
    whole = load_dataset(dataset, data_dir)
    for number in map(int, classes.split(",")):
        data = _development(whole, number, protocol)
        for network in networks.split(","):
            if (protocol, dataset, number, network) in measured:
                continue
            run = _trained(data, network, models / protocol / f"{dataset}-{number}-{network}")
            found = {name: 100 * float(roc_auc_score(data.test_labels, values))
                     for name, values in _scores(run, data).items()}  # fmt: skip
            row = {"protocol": protocol, "dataset": dataset, "class": number, "network": network}
            line = json.dumps(row | {name: round(one, 2) for name, one in found.items()})
            print(line, flush=True)
            with out.open("a") as file:
                file.write(line + "\n")


def _development(whole: ImageData, number: int, protocol: str) -> ImageData:
    """Makes a data set of training images whose test labels say which are novel."""
    novel = (whole.train_labels == number) == (protocol == "one-novel")
    normal, others = np.flatnonzero(~novel), np.flatnonzero(novel)
    cut = len(normal) * 5 // 6
    tested = np.concatenate([_some(normal[cut:]), _some(others)])
    return ImageData(
        f"{whole.name}-{protocol}-{number}",
        whole.train[normal[:cut]],
        whole.train_labels[normal[:cut]],
        whole.train[tested],
        novel[tested].astype(np.uint8),
    )


def _some(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    if len(rows) <= _MOST:
        return rows
    return np.sort(np.random.RandomState(0).choice(rows, _MOST, replace=False))


def _trained(data: ImageData, network: str, folder: Path) -> Run:
    if (folder / METRICS).exists():
        return Run(folder)
    folder.mkdir(parents=True, exist_ok=True)
    experiment = dataclasses.replace(NETWORKS[network], dataset=data.name)
    return fit_run(experiment, data, folder=folder, threads=1)


def _scores(run: Run, data: ImageData) -> dict[str, Any]:
    detector = Detector.of(run.model, data, run.experiment.validation_split)
    tested = as_floats(data.test)
    scores: dict[str, Any] = detector.scores(run.model, tested)
    known = as_floats(data.parts(run.experiment.validation_split).train.taken()[:10_000])
    differing = HiddenDifferences(run.model)

    def units(images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        made = np.clip(outputs(run.model, images), 0, 1)
        pixels = (images - made).reshape(len(images), -1)
        return [pixels, *differing(images, made)]

    (known_pixels, _, known_hidden), (pixels, first, hidden) = units(known), units(tested)
    whitening = Whitening.of(np.hstack([known_pixels, known_hidden]))
    scores["nap, pixels too"] = whitening.nap(np.hstack([pixels, hidden]))
    layers = layer_whitenings(known_hidden, differing.widths)
    parts = np.split(hidden, np.cumsum(differing.widths)[:-1], axis=1)
    for place, (one, part) in enumerate(zip(layers, parts, strict=True), 1):
        scores[f"nap of layer {place}"] = one.nap(part)
    if detector.local is not None and detector.codes is not None:
        codes = outputs(encoder_of(run.model), tested)
        near = nearest(detector.codes, codes, COMPARED)
        scores |= _by_share(detector.local, first, near)
    scores["knn-pixels"] = baselines()["knn-pixels"](data.train[:10_000], data.test)
    return scores


def _by_share(local: Local, units: NDArray[np.float32], near: Near) -> dict[str, Any]:
    """Returns what `local` would be with other shares, up to its mean and its scale."""
    distances = nearest(local.roots.astype(np.float32), signed_roots(units)).mean_distances()
    usual = local.usual[near.places].mean(1)
    return {
        f"local, share {share:g}": np.log(distances) - share * usual for share in (0, 0.75, 0.9)
    }


if __name__ == "__main__":
    typer.run(main)
