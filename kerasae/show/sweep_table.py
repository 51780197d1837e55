"""Results as rich tables."""

from __future__ import annotations

import statistics
from typing import Any

from rich.table import Table

from kerasae.data.image_data import short_name
from kerasae.reference import REPORT_MSE
from kerasae.trials.sweeps import SweepResult

Rows = list[dict[str, Any]]


def networks_of(rows: Rows) -> list[tuple[str, str, float]]:
    """Returns the distinct `(architecture, hidden_dims, learning_rate)`, in order."""
    keys = ((row["architecture"], row["hidden_dims"], row["learning_rate"]) for row in rows)
    return list(dict.fromkeys(keys))


def cell_rows(rows: Rows, network: tuple[str, str, float], dim: int, status: str = "done") -> Rows:
    """Returns the trials, one per seed, of a network with a latent dimension: the finished ones."""
    return [
        row
        for row in rows
        if (row["architecture"], row["hidden_dims"], row["learning_rate"]) == network
        and row["latent_dim"] == dim
        and row["status"] == status
    ]


def sweep_table(result: SweepResult, dataset: str) -> Table:
    """Lays a sweep out like the report's tables 1 and 2.

    Args:
        result: The sweep.
        dataset: Name of the data set, or the path of one's own, which the report has not.

    Returns:
        A table with a row per latent dimension and a column per network: test MSE and
        PSNR, mean ± standard deviation over the seeds. `★` marks the best cell, `▼` a cell
        that loses to PCA; one without a finished trial says whether it failed or was stopped.
    """
    networks = networks_of(result.rows)
    report = REPORT_MSE.get(dataset, {})
    best = _best_cell(result)
    table = Table(title=f"{short_name(dataset)}: test MSE (PSNR in dB)")
    table.caption = "★ best   ▼ loses to PCA (outputs clipped to [0, 1])"
    table.add_column("latent dim", justify="right")
    several_rates = len({rate for _, _, rate in networks}) > 1
    for architecture, widths, rate in networks:
        suffix = f"\nlr {rate:g}" if several_rates else ""
        table.add_column(f"{architecture}\n{widths}{suffix}", justify="right")
    table.add_column("PCA", justify="right")
    for architecture in report:
        table.add_column(f"report\n{architecture}", justify="right", style="dim")
    for dim, pca in result.pca_mse.items():
        cells = [_cell(result, network, dim, pca, best) for network in networks]
        figures = [f"{values[dim]:.4f}" if dim in values else "-" for values in report.values()]
        table.add_row(str(dim), *cells, f"{pca:.5f}", *figures)
    return table


def _mean(rows: Rows, key: str) -> float:
    return statistics.fmean(row[key] for row in rows)


def _best_cell(result: SweepResult) -> tuple[tuple[str, str, float], int] | None:
    cells = {
        (network, dim): _mean(found, "test_mse")
        for network in networks_of(result.rows)
        for dim in result.pca_mse
        if (found := cell_rows(result.rows, network, dim))
    }
    return min(cells, key=lambda cell: cells[cell]) if cells else None


def _cell(
    result: SweepResult,
    network: tuple[str, str, float],
    dim: int,
    pca: float,
    best: tuple[tuple[str, str, float], int] | None,
) -> str:
    rows = cell_rows(result.rows, network, dim)
    if not rows:
        failed = cell_rows(result.rows, network, dim, "failed")
        return "[red]failed[/red]" if failed else "stopped"
    mse, psnr = _mean(rows, "test_mse"), _mean(rows, "test_psnr")
    spread = ""
    if len(rows) > 1:
        spread = f" ± {statistics.stdev(row['test_mse'] for row in rows):.5f}"
    text = f"{mse:.5f}{spread} ({psnr:.2f})"
    if mse > pca:
        text = f"[yellow]▼ {text}[/yellow]"
    if best == (network, dim):
        text = f"[bold green]★ {text}[/bold green]"
    return text
