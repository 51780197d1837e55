"""Compares the defaults with PCA on images of other kinds; prints the table of docs/results.md."""

import itertools
import json
import statistics
from pathlib import Path
from typing import Annotated, Any

import typer
from other_sets import SETS

from kerasae.experiment import ARCHITECTURES, Experiment
from kerasae.runs.fitting import fit_run
from kerasae.show.beside_pca import pca_mark
from kerasae.show.table import SIGNS

_CELL = ("set", "architecture", "latent_dim", "seed")


def main(
    out: Annotated[Path, typer.Argument(help="JSON lines, a cell each; cells there are kept.")],
    only: Annotated[str, typer.Option(help="Part of a set's name.")] = "",
    network: Annotated[str, typer.Option(help="Part of basic or extended.")] = "",
    latent_dim: Annotated[int, typer.Option(help="One of the set's; 0 for all.")] = 0,
    seeds: int = 3,
) -> None:
    """Measures every set with default settings, and prints what it has measured so far."""
    done = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    measured = {tuple(row[key] for key in _CELL) for row in done}
    networks = [name for name in ARCHITECTURES if network in name]
    for name, kind in SETS.items():
        dims = [dim for dim in kind.latent_dims if latent_dim in (0, dim)]
        cells = itertools.product((name,), networks, dims, range(seeds))
        missing = [cell for cell in cells if cell not in measured and only in name]
        data = kind.data(name) if missing else None
        for cell in missing:
            _, architecture, dim, seed = cell
            widths = ARCHITECTURES[architecture]
            experiment = Experiment(name, hidden_dims=widths, latent_dim=dim, seed=seed)
            run = fit_run(experiment, data, threads=1)
            done.append(_row(cell, {**run.experiment.to_dict(), **run.metrics}))
            with out.open("a") as file:
                file.write(json.dumps(done[-1]) + "\n")
    for name in SETS:
        for architecture in ARCHITECTURES:
            rows = [
                row for row in done if (row["set"], row["architecture"]) == (name, architecture)
            ]
            if rows:
                print(_line(name, architecture, rows), flush=True)


def _row(cell: tuple[Any, ...], values: dict[str, Any]) -> dict[str, Any]:
    kept = (
        "epochs", "best_epoch", "learning_rate", "mixup", "shift", "precision", "train_mse",
        "test_mse", "pca_test_mse", "pca_difference", "pca_difference_se", "seconds",
    )  # fmt: skip
    return {**dict(zip(_CELL, cell, strict=True)), **{key: values[key] for key in kept}}


def _line(name: str, architecture: str, rows: list[dict[str, Any]]) -> str:
    """Writes a row of the table: by dimension, the mean over the seeds."""
    texts = []
    for dim in sorted({row["latent_dim"] for row in rows}):
        trials = [row for row in rows if row["latent_dim"] == dim]
        mse, pca = (
            statistics.fmean(t[key] for t in trials) for key in ("test_mse", "pca_test_mse")
        )
        percent = f"{100 * (mse / pca - 1):+.0f} %".replace("-", "−")
        mark = pca_mark(mse, pca, trials)
        texts.append(f"{dim}: {SIGNS.get(mark, '')}{percent}")
    return f"| {name} | {architecture} | " + " | ".join(texts) + " |"


if __name__ == "__main__":
    typer.run(main)
