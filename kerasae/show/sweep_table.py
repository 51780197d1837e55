"""A sweep's cells, and the table that lays them out like the report's tables 1 and 2."""

from __future__ import annotations

import math
import statistics
from typing import Any

from kerasae.data.image_data import short_name
from kerasae.reference import REPORT_MSE, nearest_of_report, report_heading
from kerasae.show.table import Cell, Column, Table

Rows = list[dict[str, Any]]
Network = tuple[str, str, float]


def networks_of(rows: Rows) -> dict[Network, str]:
    """Returns the distinct `(architecture, hidden_dims, learning_rate)`, in order.

    Returns:
        For each what tells it from the others of its architecture: its widths, and the learning
        rate where there are several.
    """
    networks = dict.fromkeys(
        (row["architecture"], row["hidden_dims"], row["learning_rate"]) for row in rows
    )
    several_rates = len({rate for _, _, rate in networks}) > 1
    return {
        (name, widths, rate): f"{widths}, lr {rate:g}" if several_rates else widths
        for name, widths, rate in networks
    }


def cell_rows(rows: Rows, network: Network, dim: int, status: str = "done") -> Rows:
    """Returns the trials, one per seed, of a network with a latent dimension: the finished ones."""
    return [
        row
        for row in rows
        if (row["architecture"], row["hidden_dims"], row["learning_rate"]) == network
        and row["latent_dim"] == dim
        and row["status"] == status
    ]


def cell_mean(trials: Rows, score: str = "test_mse") -> float:
    """Returns the mean of a score over the seeds; where none has finished, infinity."""
    return statistics.fmean(row.get(score, math.inf) for row in trials or [{}])


def sweep_table(rows: Rows, pca_mse: dict[int, float], dataset: str) -> Table:
    """Lays a sweep out like the report's tables 1 and 2.

    Args:
        rows: A mapping per trial with the columns of `results.csv`.
        pca_mse: Test MSE of PCA, clipped to [0, 1], by dimension.
        dataset: Name of the data set, or the path of one's own, which the report has not.

    Returns:
        A table with a row per latent dimension and a column per network: test MSE and
        PSNR, mean ± standard deviation over the seeds. `★` marks the best cell, `▼` a cell
        that loses to PCA; one without a finished trial says whether it failed or was stopped.
    """
    networks = networks_of(rows)
    nearest = nearest_of_report(dataset)
    report = REPORT_MSE.get(nearest, {})
    heading = report_heading(dataset, nearest)
    cells = {
        (net, dim): cell_rows(rows, net, dim) or cell_rows(rows, net, dim, "failed")
        for dim in pca_mse
        for net in networks
    }
    lowest = min(map(cell_mean, cells.values()), default=0.0)
    return Table(
        f"{short_name(dataset)}: test MSE (PSNR in dB)",
        [
            Column("latent dim"),
            *(Column(f"{net[0]}\n{label}") for net, label in networks.items()),
            Column("PCA", ".5f"),
            *(Column(f"{heading}\n{name}", ".5f", "dim") for name in report),
        ],
        [
            [
                dim,
                *(_cell(cells[net, dim], pca, lowest) for net in networks),
                pca,
                *(values.get(dim) for values in report.values()),
            ]
            for dim, pca in pca_mse.items()
        ],
        "★ best   ▼ loses to PCA (outputs clipped to [0, 1])",
    )


def _cell(trials: Rows, pca: float, lowest: float) -> Cell:
    mse = cell_mean(trials)
    if mse == math.inf:
        return Cell("failed", "failed") if trials else Cell("stopped")
    spread = ""
    if len(trials) > 1:
        spread = f" ± {statistics.stdev(row['test_mse'] for row in trials):.5f}"
    text = f"{mse:.5f}{spread} ({cell_mean(trials, 'test_psnr'):.2f})"
    if mse == lowest:
        return Cell(f"▼ {text}" if mse > pca else text, "best")
    return Cell(text, "loses" if mse > pca else "")
