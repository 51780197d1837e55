"""Measures the 5 nearest neighbours' accuracy on codes beside PCA's, as docs/anomaly.md says."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier

from kerasae.code_worth import NEIGHBOURS
from kerasae.data.datasets import load_dataset
from kerasae.data.image_data import ImageData
from kerasae.data.pixels import as_floats
from kerasae.experiment import ARCHITECTURES, Experiment
from kerasae.model_outputs import outputs
from kerasae.model_parts import encoder_of
from kerasae.pca import fit_pca, scaled
from kerasae.runs.fitting import fit_run

_PLAIN: dict[str, Any] = {"shortcut": None, "learning_rate": 2e-3}
VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "plain": _PLAIN,
    "plain, deep": {**_PLAIN, "hidden_dims": ARCHITECTURES["extended"]},
    "plain, Lasso 1e-4": {**_PLAIN, "l1": 1e-4},
    "plain, noise 0.4": {**_PLAIN, "sigma": 0.4},
    "plain, shifts": {**_PLAIN, "shift": 2},
    "plain, deep, noise 0.4, shifts": {
        **_PLAIN, "hidden_dims": ARCHITECTURES["extended"], "sigma": 0.4, "shift": 2,
    },
}  # fmt: skip
_CELL = ("dataset", "variant", "latent_dim", "seed")


def main(
    out: Annotated[Path, typer.Argument(help="JSON lines, a cell each; cells there are kept.")],
    data_dir: Path,
    datasets: str = "mnist,fashion_mnist",
    variants: Annotated[str, typer.Option(help="With semicolons, or all.")] = "default",
    latent_dims: str = "10,15,30,64",
    seed: int = 0,
) -> None:
    """Trains and measures each cell that is missing."""
    done = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    measured = {tuple(row[key] for key in _CELL) for row in done}
    names = list(VARIANTS) if variants == "all" else variants.split(";")
    for dataset in datasets.split(","):
        data = load_dataset(dataset, data_dir)
        for dim in map(int, latent_dims.split(",")):
            for variant in names:
                cell = (dataset, variant, dim, seed)
                if cell not in measured:
                    row = dict(zip(_CELL, cell, strict=True)) | _measured(data, variant, dim, seed)
                    print(json.dumps(row), flush=True)
                    with out.open("a") as file:
                        file.write(json.dumps(row) + "\n")


def _measured(data: ImageData, variant: str, dim: int, seed: int) -> dict[str, float]:
    settings = VARIANTS[variant]
    experiment = dataclasses.replace(
        Experiment(data.name, latent_dim=dim, seed=seed, epochs=20), **settings
    )
    run = fit_run(experiment, data, threads=1)
    part = data.parts(experiment.validation_split).train
    encoder = encoder_of(run.model)
    codes = [outputs(encoder, as_floats(images)) for images in (part.taken(), data.test)]
    pca = fit_pca(part.images, dim, part.rows)
    others = [(scaled(images) - pca.mean) @ pca.components.T
              for images in (part.taken(), data.test)]  # fmt: skip
    labels = data.train_labels[part.rows]
    return {
        "knn_accuracy": _accuracy(codes, labels, data.test_labels),
        "pca_knn_accuracy": _accuracy(others, labels, data.test_labels),
        "test_mse": run.metrics["test_mse"],
    }


def _accuracy(
    codes: list[NDArray[Any]], labels: NDArray[np.integer], tested: NDArray[np.integer]
) -> float:
    neighbours = KNeighborsClassifier(NEIGHBOURS).fit(codes[0], labels)
    return float(neighbours.score(codes[1], tested))


if __name__ == "__main__":
    typer.run(main)
