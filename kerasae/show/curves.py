"""Training curves: over the epochs, over learning rates and over regularization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasae.show.figure_style import COLOURS, LINES, MARKERS, new_figure, plain_text, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Curves = Mapping[str, Sequence[float]]
# Largest ratio of a logarithmic axis' ends that each set of labels has room for.
_LABELS: tuple[tuple[float, tuple[float, ...]], ...] = (
    (1.5, tuple(1 + step / 20 for step in range(180))),
    (3.0, tuple(1 + step / 5 for step in range(45))),
    (12.0, (1, 1.5, 2, 3, 5, 7)),
    (100.0, (1, 2, 5)),
    (np.inf, (1,)),
)


def overfit_figure(
    curves: Mapping[str, Curves], references: Mapping[str, Mapping[str, float]]
) -> Figure:
    """Draws train and validation MSE over the epochs, a panel per model.

    The gap between the curves is shaded and the epoch of the best validation is marked.

    Args:
        curves: For each panel's title its `train` and `val` MSE after each epoch, of equal
            length, both without any penalty term and with Dropout switched off.
        references: For a panel's title the MSE to mark with horizontal lines, by label, such
            as PCA's; may be empty.

    Returns:
        The figure; the MSE axes are logarithmic and shared.
    """
    figure = new_figure(5.2 * len(curves) + 0.4, 4.2)
    panels = figure.subplots(1, len(curves), squeeze=False, sharey=True)[0]
    for axes, (name, history) in zip(panels, curves.items(), strict=True):
        train, val = (np.asarray(history[key]) for key in ("train", "val"))
        epochs = np.arange(1, len(train) + 1)
        best = int(val.argmin())
        axes.fill_between(epochs, train, val, color="0.85", label="gap")
        axes.plot(epochs, train, LINES[0], color=COLOURS[0], linewidth=2, label="train")
        axes.plot(epochs, val, LINES[1], color=COLOURS[1], linewidth=2, label="validation")
        axes.plot(
            epochs[best], val[best], "*", color="k", markersize=12, linestyle="none",
            label=f"best validation: {val[best]:.5f}, epoch {epochs[best]}",
        )  # fmt: skip
        for number, (label, mse) in enumerate(references.get(name, {}).items()):
            style = LINES[2 + number % 2]
            axes.axhline(mse, color="0.35", linestyle=style, label=f"{label}: {mse:.5f}")
        axes.set(yscale="log", xlabel="epoch", title=name)
        _whole_ticks(axes)
        _decimal_mse(axes)
        axes.legend(frameon=False, fontsize=9)
    panels[0].set_ylabel("MSE")
    return figure


def run_figure(history: Sequence[Mapping[str, float]]) -> Figure:
    """Draws the MSE of one run over the epochs, with that of the validation where there is one.

    Args:
        history: One row of logs per epoch, with `mse` and, of a run that held images out,
            `val_mse`.

    Returns:
        The figure; see `overfit_figure` and `history_figure`.
    """
    train = [row["mse"] for row in history]
    if all("val_mse" in row for row in history):
        return overfit_figure(
            {"": {"train": train, "val": [row["val_mse"] for row in history]}}, {}
        )
    return history_figure({"train": train}, "training MSE")


def history_figure(curves: Mapping[str, Sequence[float]], label: str) -> Figure:
    """Draws one MSE over the epochs for several runs.

    Args:
        curves: For each run's name its MSE after each epoch.
        label: Which MSE it is.

    Returns:
        The figure; the MSE axis is logarithmic.
    """
    figure = new_figure(9.5, 4.2)
    axes = figure.add_subplot()
    for number, (name, values) in enumerate(curves.items()):
        axes.plot(
            np.arange(1, len(values) + 1), values, color=COLOURS[number % 7],
            linestyle=LINES[number % len(LINES)], marker=MARKERS[number % len(MARKERS)],
            markevery=max(1, len(values) // 8), linewidth=2,
            label=plain_text(name),
        )  # fmt: skip
    axes.set(yscale="log", xlabel="epoch", ylabel=label)
    _whole_ticks(axes)
    _decimal_mse(axes)
    figure.legend(frameon=False, fontsize=9, loc="outside right upper")
    return figure


def learning_rate_figure(
    rates: Sequence[float], val_mse: Sequence[float | None], curves: Mapping[float, Curves]
) -> Figure:
    """Draws the learning-rate study: validation MSE over the rate, and each rate's curve.

    Args:
        rates: Learning rates, above 0, ascending.
        val_mse: Validation MSE at the end for each rate; `None` where the training failed.
        curves: For each rate that did not fail its `val` MSE after each epoch.

    Returns:
        The figure. The best rate is marked with a star, and its label says when it lies at
        the edge of the range.
    """
    figure = new_figure(10, 4.2)
    left, right = figure.subplots(1, 2)
    found = {r: mse for r, mse in zip(rates, val_mse, strict=True) if mse is not None}
    left.plot(list(found), list(found.values()), "-", color="0.6", linewidth=1.5, zorder=1)
    best = min(found, key=found.__getitem__, default=None)
    for number, rate in enumerate(rates):
        if rate not in found:
            left.axvline(rate, color="0.5", linestyle=":", zorder=0)
            left.annotate(
                "failed", (rate, 0.97), xycoords=("data", "axes fraction"), rotation=90,
                ha="right", va="top", fontsize=9, color="0.3",
            )  # fmt: skip
            continue
        look = {"color": COLOURS[number % 7], "marker": MARKERS[number % len(MARKERS)]}
        left.plot(rate, found[rate], markersize=8, linestyle="none", **look)
        val = curves[rate]["val"]
        right.plot(
            np.arange(1, len(val) + 1), val, linestyle=LINES[number % len(LINES)], markersize=6,
            markevery=max(1, len(val) // 8), linewidth=2, label=f"{rate:g}", **look,
        )  # fmt: skip
    if best is not None:
        edge = " (edge of the range)" if best in (rates[0], rates[-1]) else ""
        left.plot(
            best, found[best], "*", color="none", markeredgecolor="k", markersize=20,
            markeredgewidth=1.3, linestyle="none", label=f"best: {best:g}{edge}",
        )  # fmt: skip
        left.legend(frameon=False)
        right.legend(frameon=False, title="learning rate", fontsize=9)
    left.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="validation MSE")
    right.set(yscale="log", xlabel="epoch", ylabel="validation MSE")
    _whole_ticks(right)
    for axes in (left, right):
        _decimal_mse(axes)
    return figure


def regularization_figure(
    searches: Mapping[str, Mapping[float, Mapping[str, float]]], none: Mapping[str, float]
) -> Figure:
    """Draws MSE over the strength of each regularizer, beside no regularizer at all.

    Args:
        searches: For each regularizer's label (such as `Lasso λ` or `Dropout rate`) the
            `train_mse` and `val_mse` by strength. A strength of 0 is left out.
        none: `train_mse` and `val_mse` without a regularizer, drawn as horizontal lines.

    Returns:
        The figure, a panel per regularizer; strengths that span more than a factor of 20
        get a logarithmic axis.
    """
    figure = new_figure(5.0 * len(searches) + 0.4, 4.2)
    panels = figure.subplots(1, len(searches), squeeze=False, sharey=True)[0]
    for axes, (name, search) in zip(panels, searches.items(), strict=True):
        strengths = sorted(strength for strength in search if strength > 0)
        for number, (key, label) in enumerate((("train_mse", "train"), ("val_mse", "validation"))):
            values = [search[strength][key] for strength in strengths]
            look = {"color": COLOURS[number], "linestyle": LINES[number], "linewidth": 2}
            axes.plot(strengths, values, marker=MARKERS[number], label=label, **look)
            look["linewidth"] = 1
            axes.axhline(none[key], label=f"{label}, none", alpha=0.9, **look)
        val = {strength: search[strength]["val_mse"] for strength in strengths}
        best = min(val, key=val.__getitem__)
        lines = axes.get_legend_handles_labels()
        (star,) = axes.plot(
            best, val[best], "*", color="none", markeredgecolor="k", markersize=20,
            markeredgewidth=1.3, linestyle="none", label=f"best: {best:g}",
        )  # fmt: skip
        axes.legend(handles=[star], frameon=False, loc="upper left")
        axes.set(yscale="log", xlabel=name)
        if strengths[-1] > 20 * strengths[0]:
            axes.set_xscale("log")
        _decimal_mse(axes)
    panels[0].set_ylabel("MSE")
    figure.legend(*lines, frameon=False, loc="outside right center")
    return figure


def _whole_ticks(axes: Axes) -> None:
    """Labels an axis of epochs."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))


def _decimal_mse(axes: Axes) -> None:
    """Labels a logarithmic MSE axis in decimals, never so many that they touch."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = axes.get_ylim()
    subs = next(subs for ratio, subs in _LABELS if high < ratio * low)
    axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=20))
    axes.yaxis.set_major_formatter("{x:.4g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    quiet(axes)
