"""A sweep's cells, and the table that lays them out like the report's tables 1 and 2."""

import math
import statistics
from typing import Any

from kerasae.data.image_data import short_name
from kerasae.reference import REPORT_MSE, nearest_of_report, report_heading
from kerasae.show.table import Cell, Column, Table

Rows = list[dict[str, Any]]
Network = tuple[str, str]


def networks_of(rows: Rows) -> dict[Network, dict[int, Rows]]:
    """Returns the trials of each network by their latent dimension, in order.

    Returns:
        For each network, by its architecture and by its widths (with the learning rate, where
        there are several), the finished trials of each dimension, one per seed; the others
        where none has finished.
    """
    several_rates = len({row["learning_rate"] for row in rows}) > 1
    networks: dict[Network, dict[int, Rows]] = {}
    for row in rows:
        rate = f", lr {row['learning_rate']:g}" if several_rates else ""
        cells = networks.setdefault((row["architecture"], f"{row['hidden_dims']}{rate}"), {})
        cells.setdefault(row["latent_dim"], []).append(row)
    return {
        network: {
            dim: [row for row in trials if row["status"] == "done"] or trials
            for dim, trials in cells.items()
        }
        for network, cells in networks.items()
    }


def cell_mean(trials: Rows, score: str = "test_mse") -> float:
    """Returns the mean of a score over the seeds; where none has finished, infinity."""
    return statistics.fmean(row.get(score, math.inf) for row in trials)


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
    report, heading = REPORT_MSE.get(nearest, {}), report_heading(dataset, nearest)
    lowest = min((cell_mean(t) for cells in networks.values() for t in cells.values()), default=0)
    return Table(
        f"{short_name(dataset)}: test MSE (PSNR in dB)",
        [
            Column("latent dim"),
            *(Column(f"{architecture}\n{label}") for architecture, label in networks),
            Column("PCA", ".5f"),
            *(Column(f"{heading}\n{architecture}", ".5f", "dim") for architecture in report),
        ],
        [
            [
                dim,
                *(_cell(cells.get(dim, []), pca, lowest) for cells in networks.values()),
                pca,
                *(values.get(dim) for values in report.values()),
            ]
            for dim, pca in pca_mse.items()
        ],
        "★ best   ▼ loses to PCA (outputs clipped to [0, 1])",
    )


def _cell(trials: Rows, pca: float, lowest: float) -> Cell | None:
    if not trials or trials[0]["status"] != "done":
        failed = any(row["status"] == "failed" for row in trials)
        return Cell("failed", "failed") if failed else Cell("stopped")
    mse = cell_mean(trials)
    spread = ""
    if len(trials) > 1:
        spread = f" ± {statistics.stdev(row['test_mse'] for row in trials):.5f}"
    text = f"{mse:.5f}{spread} ({cell_mean(trials, 'test_psnr'):.2f})"
    if mse == lowest:
        return Cell(f"▼ {text}" if mse > pca else text, "best")
    return Cell(text, "loses" if mse > pca else "")
