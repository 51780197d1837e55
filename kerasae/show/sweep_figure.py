"""Figures drawn from results; each function returns a matplotlib `Figure`."""

import math
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from kerasae.data.image_data import short_name
from kerasae.files.whole_files import save_with
from kerasae.reference import REPORT_MSE
from kerasae.runs.run_files import FIGURE
from kerasae.show.figure_style import COLOURS, MARKERS, new_figure, quiet
from kerasae.show.sweep_table import Rows, cell_mean, networks_of


def sweep_figure(rows: Rows, pca_mse: dict[int, float], dataset: str) -> Figure:
    """Draws test MSE against the latent dimension: each network, PCA and the report.

    Args:
        rows: A mapping per trial with the columns of `results.csv`.
        pca_mse: Test MSE of PCA, clipped to [0, 1], by dimension.
        dataset: Name of the data set, or the path of one's own, which the report has not.

    Returns:
        The figure, both axes logarithmic.
    """
    figure = new_figure(7.5, 5)
    axes = figure.add_subplot()
    dims = sorted(pca_mse)
    colours = {}
    for number, ((architecture, label), cells) in enumerate(networks_of(rows).items()):
        colour = colours[architecture] = COLOURS[number % len(COLOURS)]
        means = {dim: cell_mean(cells[dim]) for dim in dims if dim in cells}
        means = {dim: mean for dim, mean in means.items() if mean < math.inf}
        axes.plot(
            list(means), list(means.values()), color=colour, linewidth=2,
            marker=MARKERS[number % len(MARKERS)], label=f"{architecture} ({label})",
        )  # fmt: skip
    pca = [pca_mse[dim] for dim in dims]
    axes.plot(dims, pca, "k--", marker="x", linewidth=1.5, label="PCA, clipped")
    for architecture, values in REPORT_MSE.get(dataset, {}).items():
        known = [dim for dim in dims if dim in values]
        colour = colours.get(architecture, "0.5")
        label = f"report, {architecture}"
        axes.plot(known, [values[dim] for dim in known], ":", marker=".", color=colour, label=label)
    axes.set(xscale="log", yscale="log", xlabel="latent dimension", ylabel="test MSE")
    axes.set_title(f"Reconstruction error on {short_name(dataset)}")
    axes.set_xticks(dims, [str(dim) for dim in dims])
    axes.minorticks_off()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    quiet(axes)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def save_sweep_figure(folder: Path, rows: Rows, pca_mse: dict[int, float], dataset: str) -> None:
    """Saves the figure of a sweep in its folder; see `sweep_figure`."""
    save_with(folder / FIGURE, sweep_figure(rows, pca_mse, dataset).savefig)
