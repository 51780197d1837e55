"""Compares the defaults with PCA on images of other kinds; prints the table of docs/results.md."""

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from other_sets import SETS

from kerasae.experiment import Experiment
from kerasae.trials.grid import Sweep
from kerasae.trials.sweeps import run_sweep


def main(
    out: Annotated[Path, typer.Argument(help="JSON lines, a cell each; cells there are kept.")],
    only: Annotated[str, typer.Option(help="Part of a set's name.")] = "",
    seeds: int = 3,
) -> None:
    """Measures every set with default settings, and prints what it has measured so far."""
    done = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    measured = {row["set"] for row in done}
    for name, kind in SETS.items():
        if only in name and name not in measured:
            data = kind.data(name)
            sweep = Sweep(Experiment(name), latent_dims=kind.latent_dims, seeds=seeds)
            with tempfile.TemporaryDirectory() as folder:
                rows = run_sweep(sweep, data, Path(folder, "sweep"), keep=1).rows
            with out.open("a") as file:
                for row in rows:
                    done.append(_cell(name, row))
                    file.write(json.dumps(done[-1]) + "\n")
    for name in dict.fromkeys(row["set"] for row in done):
        print(_line(name, [row for row in done if row["set"] == name]), flush=True)


def _cell(name: str, row: dict[str, Any]) -> dict[str, Any]:
    kept = (
        "architecture", "latent_dim", "seed", "epochs", "best_epoch", "learning_rate", "test_mse",
        "pca_test_mse", "pca_difference", "pca_difference_se", "seconds",
    )  # fmt: skip
    return {"set": name, **{key: row[key] for key in kept}}


def _line(name: str, rows: list[dict[str, Any]]) -> str:
    cells: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        cells.setdefault((row["architecture"], row["latent_dim"]), []).append(row)
    texts = []
    for trials in cells.values():
        ratio = sum(t["test_mse"] for t in trials) / sum(t["pca_test_mse"] for t in trials)
        worse = all(t["pca_difference"] > 2 * t["pca_difference_se"] for t in trials)
        level = any(abs(t["pca_difference"]) <= 2 * t["pca_difference_se"] for t in trials)
        texts.append(f"{100 * (ratio - 1):+.0f} %" + " (worse)" * worse + " (level)" * level)
    return f"| {name} | " + " | ".join(texts) + " |"


if __name__ == "__main__":
    typer.run(main)
