"""A sweep's cells, and the table that lays them out like the report's tables 1 and 2."""

import statistics
from collections.abc import Mapping
from typing import Any

from kerasae.data.image_data import short_name
from kerasae.reference import REPORT_MSE, nearest_of_report, report_heading
from kerasae.runs.choice import best_of, choice_score
from kerasae.show.beside_pca import LEGEND, pca_mark
from kerasae.show.table import SIGNS, Cell, Column, Table

Rows = list[dict[str, Any]]
Network = tuple[str, str]

_ADVICE = "try more --epochs, more images, or wider networks"


def network_names(rows: Rows) -> list[Network]:
    """Names the network of each row, with the learning rate where one has several."""
    pairs = {(row["hidden_dims"], row["learning_rate"]) for row in rows}
    several_rates = len(pairs) > len({widths for widths, _ in pairs})
    rates = [f", lr {row['learning_rate']:g}" if several_rates else "" for row in rows]
    return [
        (row["architecture"], f"{row['hidden_dims']}{rate}")
        for row, rate in zip(rows, rates, strict=True)
    ]


def networks_of(rows: Rows) -> dict[Network, dict[int, Rows]]:
    """Returns the trials of each network by their latent dimension, in order.

    Returns:
        For each network, by its architecture and by its widths (with the learning rate, where
        one has several), the finished trials of each dimension, one per seed; the others
        where none has finished.
    """
    networks: dict[Network, dict[int, Rows]] = {}
    for row, name in zip(rows, network_names(rows), strict=True):
        cells = networks.setdefault(name, {})
        cells.setdefault(row["latent_dim"], []).append(row)
    return {
        network: {
            dim: [row for row in trials if row["status"] == "done"] or trials
            for dim, trials in cells.items()
        }
        for network, cells in networks.items()
    }


def finished(trials: Rows) -> Rows:
    """Returns the trials that were trained to their end and tested."""
    return [row for row in trials if row["status"] == "done" and row.get("test_mse") is not None]


def sweep_table(rows: Rows, pca_mse: dict[int, float], dataset: str) -> Table:
    """Lays a sweep out like the report's tables 1 and 2.

    Args:
        rows: A mapping per trial with the columns of `results.csv`.
        pca_mse: Test MSE of PCA, clipped to [0, 1], by dimension.
        dataset: Name of the data set, or the path of one's own, which the report has not.

    Returns:
        A table with a row per latent dimension and a column per network: test MSE, its ratio to
        PCA's and PSNR, mean ± standard deviation over the seeds. `★` marks the cell with the best
        validation, and those that the seeds cannot tell from it; `▼` a cell that is worse than PCA,
        `≈` one that the test images do not tell from it. One without a finished trial says
        whether it failed or was stopped.
    """
    networks = networks_of(rows)
    nearest = nearest_of_report(dataset)
    heading = report_heading(dataset, nearest)
    known = REPORT_MSE.get(nearest, {}).items()
    report = {network: values for network, values in known if values.keys() & pca_mse.keys()}
    cells_of = {(n, dim): t for n, cells in networks.items() for dim, t in cells.items()}
    best = best_of({one: [*map(choice_score, finished(t))] for one, t in cells_of.items()})
    tied = " (several: the seeds do not tell them apart)" if len(best) > 1 else ""
    return Table(
        f"{short_name(dataset)}: test MSE (share of PCA's, PSNR)",
        [
            Column("latent dim"),
            *(Column(f"{architecture}\n{label}") for architecture, label in networks),
            Column("PCA", "#.4g"),
            *(Column(f"{heading}\n{architecture}", "#.4g", "dim") for architecture in report),
        ],
        [
            [
                dim,
                *(_cell(cells_of.get((n, dim), []), pca, (n, dim) in best) for n in networks),
                pca,
                *(values.get(dim) for values in report.values()),
            ]
            for dim, pca in pca_mse.items()
        ],
        "   ".join([f"★ best by validation{tied}", *_legend(cells_of, pca_mse)]),
    )


def _legend(cells: Mapping[tuple[Network, int], Rows], pca_mse: dict[int, float]) -> list[str]:
    """Returns what the signs of cells mean, and what to try, where there are any."""
    done = [(finished(trials), pca_mse.get(dim)) for (_, dim), trials in cells.items()]
    marks = {_mark(trials, pca) for trials, pca in done if trials and pca is not None}
    texts = [text for mark, text in LEGEND.items() if mark in marks]
    return [*texts[:-1], f"{texts[-1]}: {_ADVICE}"] if texts else []


def _mark(done: Rows, pca: float) -> str:
    return pca_mark(statistics.fmean(row["test_mse"] for row in done), pca, done)


def _cell(trials: Rows, pca: float, best: bool) -> Cell | None:
    done = finished(trials)
    if not done:
        failed = any(row["status"] == "failed" for row in trials)
        return Cell("failed", "failed") if failed else Cell("stopped")
    errors = [row["test_mse"] for row in done]
    mse = statistics.fmean(errors)
    mean = f"{mse:#.4g}"
    # As many decimals as the mean has, where that is no power of ten.
    decimals = ".1e" if "e" in mean else f".{len(mean.partition('.')[2])}f"
    spread = f" ± {statistics.stdev(errors):{decimals}}" if len(errors) > 1 else ""
    psnr = statistics.fmean(row["test_psnr"] for row in done)
    share = f"{mse / pca:.0%}, " if pca else ""
    # Where a terminal is narrow it folds between these parts.
    text = f"{mean}{spread} ({share}{psnr:.2f} dB)"
    mark = _mark(done, pca)
    return Cell(SIGNS.get(mark, "") + text, "best") if best else Cell(text, mark)
