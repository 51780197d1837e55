"""Prints the README's tables from the committed results, as Markdown.

    python benchmarks/result_tables.py

`docs/results/` holds what these commands left: `results.csv` of the sweeps, and in `studies.json`
the `study.json` of the others on each data set, by their names in `kerasae reproduce`.

    kerasae sweep --dataset mnist --seeds 3 --validation-split 0
    kerasae sweep --dataset fashion_mnist --seeds 3 --validation-split 0
    kerasae overfit
    kerasae denoise
    kerasae denoise --clip
"""

from __future__ import annotations

import csv
import json
import statistics
from pathlib import Path
from typing import Any

from kerasae.reference import REPORT_LONG_RUN, REPORT_MSE
from kerasae.studies.denoisers import BASELINES
from kerasae.studies.denoising import LABELS

RESULTS = Path(__file__).parents[1] / "docs" / "results"
NETWORKS = {"basic": "basic 256", "extended": "extended 1024-512"}
TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}


def sweep_rows(dataset: str) -> list[dict[str, str]]:
    """Reads the three-seed sweep of a data set."""
    with (RESULTS / f"sweep-{dataset}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def studies() -> dict[str, Any]:
    """Reads what the studies found."""
    content: dict[str, Any] = json.loads((RESULTS / "studies.json").read_text())
    return content


def cell(rows: list[dict[str, str]], architecture: str, dim: int, key: str) -> list[float]:
    """Returns a score of one cell of a sweep for each seed."""
    return [
        float(row[key])
        for row in rows
        if row["architecture"] == architecture and row["latent_dim"] == str(dim)
    ]


def sweep_table(dataset: str) -> list[str]:
    """Sets a sweep beside PCA and the report."""
    rows = sweep_rows(dataset)
    lines = [
        f"| {TITLES[dataset]}, latent dim | {' | '.join(NETWORKS.values())} | PCA | "
        "report basic | report extended |",
        "|---|---|---|---|---|---|",
    ]
    for dim in REPORT_MSE[dataset]["basic"]:
        cells = []
        for name in NETWORKS:
            mse, psnr = (cell(rows, name, dim, key) for key in ("test_mse", "test_psnr"))
            spread = statistics.stdev(mse)
            cells.append(
                f"{statistics.fmean(mse):.5f} ± {spread:.5f} ({statistics.fmean(psnr):.2f} dB)"
            )
        pca = cell(rows, "basic", dim, "pca_test_mse")[0]
        report = [f"{values[dim]:.4f}" for values in REPORT_MSE[dataset].values()]
        lines.append(f"| {' | '.join([str(dim), *cells, f'{pca:.5f}', *report])} |")
    return lines


def long_run_table() -> list[str]:
    """Sets the long training beside the report's."""
    results = studies()["results"]
    lines = ["| long training | report | ours |", "|---|---|---|"]
    for dataset, title in TITLES.items():
        found = results[f"{dataset}-overfit"]
        report = REPORT_LONG_RUN[dataset]
        theirs = report.get("validation loss", report.get("loss"))
        lines.append(
            f"| {title}, {found['epochs']} epochs, test MSE | {theirs:.4f} "
            f"| {found['test_mse']:.5f} |"
        )
    return lines


def denoising_table() -> list[str]:
    """PSNR of every method, on both data sets, raw and clipped."""
    results = studies()["results"]
    columns = [
        (f"{title}, {name}", results[f"{dataset}-{study}"])
        for dataset, title in TITLES.items()
        for study, name in (("denoise", "raw"), ("denoise-clipped", "clipped"))
    ]
    lines = [
        f"| PSNR in dB, σ = 0.6 | {' | '.join(title for title, _ in columns)} |",
        "|---|---|---|---|---|",
    ]
    for name in ("noisy", *BASELINES, "denoised"):
        cells = [f"{found[f'{name}_psnr']:.2f}" for _, found in columns]
        lines.append(f"| {LABELS[name]} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    for table in (
        sweep_table("mnist"), sweep_table("fashion_mnist"), long_run_table(), denoising_table(),
    ):  # fmt: skip
        print("\n".join(table), end="\n\n")


if __name__ == "__main__":
    main()
