"""Figures drawn from results; each function returns a matplotlib `Figure`."""

from __future__ import annotations

import statistics

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from kerasae.reference import REPORT_MSE
from kerasae.sweeps import SweepResult
from kerasae.tables import cell_rows, networks_of

# Okabe & Ito's palette, which colour-blind readers can tell apart.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
_MARKERS = ("o", "s", "^", "D", "v", "P")


def sweep_figure(result: SweepResult, dataset: str) -> Figure:
    """Draws test MSE against the latent dimension: each network, PCA and the report.

    Args:
        result: The sweep.
        dataset: Name of the data set.

    Returns:
        The figure, both axes logarithmic.
    """
    figure = Figure(figsize=(7.5, 5), layout="constrained", dpi=150)
    axes = figure.add_subplot()
    dims = sorted(result.pca_mse)
    networks = networks_of(result.rows)
    several_rates = len({rate for _, _, rate in networks}) > 1
    colours = {}
    for number, network in enumerate(networks):
        colour = colours[network[0]] = _COLOURS[number % len(_COLOURS)]
        cells = {dim: cell_rows(result.rows, network, dim) for dim in dims}
        found = [dim for dim in dims if cells[dim]]
        means = [statistics.fmean(r["test_mse"] for r in cells[dim]) for dim in found]
        rate = f", lr {network[2]:g}" if several_rates else ""
        marker = _MARKERS[number % len(_MARKERS)]
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
        title=f"Reconstruction error on {dataset}",
    )  # fmt: skip
    axes.set_xticks(dims, [str(dim) for dim in dims])
    axes.minorticks_off()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
