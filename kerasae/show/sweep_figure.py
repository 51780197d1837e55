"""The figure of a sweep: error against the size of the code, PCA beside the networks."""

import math
import statistics
from pathlib import Path

from matplotlib.figure import Figure

from kerasae.data.image_data import short_name
from kerasae.files.whole_files import save_with
from kerasae.reference import REPORT_MSE
from kerasae.runs.choice import choice_score
from kerasae.runs.run_files import FIGURE
from kerasae.show.figure_style import COLOURS, MARKERS, LineEnd, error_axis, label_ends, new_figure
from kerasae.show.sweep_table import Rows, finished, network_names, networks_of

# More lines cannot be told apart; the best by validation are drawn.
MOST_LINES = 7  # as many as the colours that are seen on white
_MOST_TICKS = 12


def sweep_figure(rows: Rows, pca_mse: dict[int, float], dataset: str) -> Figure:
    """Draws test MSE against the latent dimension: networks, PCA and the report.

    Args:
        rows: A mapping per trial with the columns of `results.csv`.
        pca_mse: Test MSE of PCA, clipped to [0, 1], by dimension.
        dataset: Name of the data set, or the path of one's own, which the report has not.

    Returns:
        The figure, both axes logarithmic, with a bar of one standard deviation over the seeds to
        each side; of many networks the seven best by validation.
    """
    figure = new_figure(8.2, 4.8)
    axes = figure.add_subplot()
    dims = sorted(pca_mse)
    ends, colours = [], {}
    for number, ((architecture, label), cells) in enumerate(
        networks_of(drawn_networks(rows)[0]).items()
    ):
        colour = colours[architecture] = COLOURS[number % len(COLOURS)]
        points = {dim: _scores(cells[dim]) for dim in dims if _scores(cells.get(dim, []))}
        if not points:
            continue
        means = [statistics.fmean(scores) for scores in points.values()]
        bars = [statistics.stdev(s) if len(s) > 1 else 0.0 for s in points.values()]
        name = f"{architecture} ({label})"
        axes.errorbar(
            list(points), means, yerr=bars if any(bars) else None, color=colour, linewidth=2,
            marker=MARKERS[number % len(MARKERS)], markersize=5, capsize=3, label=name,
        )  # fmt: skip
        ends.append(LineEnd(max(points), means[-1], name, colour))
    pca = [pca_mse[dim] for dim in dims]
    axes.plot(dims, pca, "k--", marker="x", linewidth=1.5, label="PCA, clipped")
    ends.append(LineEnd(dims[-1], pca[-1], "PCA", "black"))
    for architecture, values in REPORT_MSE.get(dataset, {}).items():
        known = [dim for dim in dims if dim in values]
        if not known:
            continue
        colour = colours.get(architecture, "0.5")
        name = f"report, {architecture}"
        axes.plot(known, [values[dim] for dim in known], ":", marker=".", color=colour, label=name)
        ends.append(LineEnd(known[-1], values[known[-1]], name, colour))
    axes.set(xscale="log", xlabel="latent dimension", ylabel="test MSE, lower is better")
    axes.set_title(f"Reconstruction error on {short_name(dataset)}")
    ticks = dims[:: -(-len(dims) // _MOST_TICKS)]
    axes.set_xticks(ticks, [str(dim) for dim in ticks])
    axes.minorticks_off()
    error_axis(axes)
    label_ends(axes, ends)
    return figure


def drawn_networks(rows: Rows) -> tuple[Rows, int]:
    """Returns the trials of the networks that are drawn, the best by validation.

    Returns:
        Their rows, in order, and how many networks are left out.
    """
    networks = networks_of(rows)

    def best(network: tuple[str, str]) -> float:
        trials = [row for trials in networks[network].values() for row in finished(trials)]
        return min(map(choice_score, trials), default=math.inf)

    kept = set(sorted(networks, key=best)[:MOST_LINES])
    names = network_names(rows)
    drawn = [row for row, name in zip(rows, names, strict=True) if name in kept]
    return drawn, len(networks) - len(kept)


def _scores(trials: Rows) -> list[float]:
    return [row["test_mse"] for row in finished(trials)]


def save_sweep_figure(folder: Path, rows: Rows, pca_mse: dict[int, float], dataset: str) -> None:
    """Saves the figure of a sweep in its folder; see `sweep_figure`."""
    save_with(folder / FIGURE, sweep_figure(rows, pca_mse, dataset).savefig)
