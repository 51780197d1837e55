"""Figures drawn from results; each function returns a matplotlib `Figure`."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from kerasae.data.image_data import short_name
from kerasae.reference import REPORT_MSE
from kerasae.show.figure_style import COLOURS, MARKERS, new_figure, quiet
from kerasae.show.sweep_table import cell_rows, networks_of
from kerasae.trials.sweeps import SweepResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def sweep_figure(result: SweepResult, dataset: str) -> Figure:
    """Draws test MSE against the latent dimension: each network, PCA and the report.

    Args:
        result: The sweep.
        dataset: Name of the data set, or the path of one's own, which the report has not.

    Returns:
        The figure, both axes logarithmic.
    """
    from matplotlib.ticker import LogLocator

    figure = new_figure(7.5, 5)
    axes = figure.add_subplot()
    dims = sorted(result.pca_mse)
    networks = networks_of(result.rows)
    several_rates = len({rate for _, _, rate in networks}) > 1
    colours = {}
    for number, network in enumerate(networks):
        colour = colours[network[0]] = COLOURS[number % len(COLOURS)]
        cells = {dim: cell_rows(result.rows, network, dim) for dim in dims}
        found = [dim for dim in dims if cells[dim]]
        means = [statistics.fmean(r["test_mse"] for r in cells[dim]) for dim in found]
        rate = f", lr {network[2]:g}" if several_rates else ""
        marker = MARKERS[number % len(MARKERS)]
        label = f"{network[0]} ({network[1]}{rate})"
        axes.plot(found, means, marker=marker, color=colour, linewidth=2, label=label)
    pca = [result.pca_mse[dim] for dim in dims]
    axes.plot(dims, pca, "k--", marker="x", linewidth=1.5, label="PCA, clipped")
    for architecture, values in REPORT_MSE.get(dataset, {}).items():
        known = [dim for dim in dims if dim in values]
        colour = colours.get(architecture, "0.5")
        label = f"report, {architecture}"
        axes.plot(known, [values[dim] for dim in known], ":", marker=".", color=colour, label=label)
    axes.set(
        xscale="log", yscale="log", xlabel="latent dimension", ylabel="test MSE",
    )  # fmt: skip
    axes.set_title(f"Reconstruction error on {short_name(dataset)}")
    axes.set_xticks(dims, [str(dim) for dim in dims])
    axes.minorticks_off()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    quiet(axes)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
