"""Training curves: over the epochs, over learning rates and over regularization."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from kerasae.show.figure_style import COLOURS, LINES, MARKERS, new_figure, plain_text, quiet

# Largest ratio of a logarithmic axis' ends that each set of labels has room for.
_LABELS: tuple[tuple[float, tuple[float, ...]], ...] = (
    (1.5, tuple(1 + step / 20 for step in range(180))),
    (3.0, tuple(1 + step / 5 for step in range(45))),
    (12.0, (1, 1.5, 2, 3, 5, 7)),
    (100.0, (1, 2, 5)),
    (np.inf, (1,)),
)


def overfit_figure(
    train: Sequence[float],
    val: Sequence[float],
    title: str = "",
    references: Mapping[str, float] | None = None,
) -> Figure:
    """Draws train and validation MSE over the epochs.

    The gap between the curves is shaded and the epoch of the best validation is marked.

    Args:
        train: Training MSE after each epoch.
        val: Validation MSE after each epoch, both without any penalty term.
        title: What was trained.
        references: The MSE to mark with horizontal lines, by label, such as PCA's.

    Returns:
        The figure; the MSE axis is logarithmic.
    """
    figure = new_figure(5.6, 4.2)
    axes = figure.add_subplot()
    epochs = np.arange(1, len(train) + 1)
    best = int(np.argmin(val))
    axes.fill_between(epochs, train, val, color="0.85", label="gap")
    for number, (values, label) in enumerate(((train, "train"), (val, "validation"))):
        axes.plot(epochs, values, LINES[number], color=COLOURS[number], linewidth=2, label=label)
    label = f"best validation: {val[best]:.5f}, epoch {epochs[best]}"
    axes.plot(epochs[best], val[best], "k*", markersize=12, label=label)
    for number, (name, mse) in enumerate((references or {}).items()):
        style = LINES[2 + number % 2]
        axes.axhline(mse, color="0.35", linestyle=style, label=f"{name}: {mse:.5f}")
    axes.set_title(title)
    _mse_over_epochs(axes, "MSE")
    axes.legend(frameon=False, fontsize=9)
    return figure


def runs_figure(histories: Mapping[str, Sequence[Mapping[str, float]]]) -> tuple[Figure, str]:
    """Draws the MSE of runs over the epochs: of the validation, where all held images out.

    Args:
        histories: For each run's name a row of logs per epoch, with `mse` and, of a run that
            held images out, `val_mse`.

    Returns:
        The figure, and which MSE it shows in words. Of a single run that held images out it
        has both; see `overfit_figure`.
    """
    rows = [row for history in histories.values() for row in history]
    held_out = all("val_mse" in row for row in rows)
    if held_out and len(histories) == 1:
        train, val = ([row[key] for row in rows] for key in ("mse", "val_mse"))
        return overfit_figure(train, val), "training and validation MSE"
    key, label = ("val_mse", "validation MSE") if held_out else ("mse", "training MSE")
    of_runs = {name: [row[key] for row in history] for name, history in histories.items()}
    return history_figure(of_runs, label), label


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
        _curve(axes, number, values, plain_text(name))
    _mse_over_epochs(axes, label)
    figure.legend(frameon=False, fontsize=9, loc="outside right upper")
    return figure


def learning_rate_figure(
    rates: Sequence[float], val_mse: Sequence[float | None], curves: Mapping[float, Sequence[float]]
) -> Figure:
    """Draws the learning-rate study: validation MSE over the rate, and each rate's curve.

    Args:
        rates: Learning rates, above 0, ascending.
        val_mse: Validation MSE at the end for each rate; `None` where the training failed.
        curves: For each rate that did not fail its validation MSE after each epoch.

    Returns:
        The figure. The best rate is marked with a star, and its label says when it lies at
        the edge of the range.
    """
    figure = new_figure(10, 4.2)
    left, right = figure.subplots(1, 2)
    reached = {r: mse for r, mse in zip(rates, val_mse, strict=True) if mse is not None}
    left.plot(list(reached), list(reached.values()), "-", color="0.6", linewidth=1.5, zorder=1)
    for number, rate in enumerate(rates):
        if rate not in reached:
            left.axvline(rate, color="0.5", linestyle=":", zorder=0)
            place = {"transform": left.get_xaxis_transform(), "ha": "right", "va": "top"}
            left.text(rate, 0.97, "failed", rotation=90, fontsize=9, color="0.3", **place)
            continue
        left.plot(rate, reached[rate], markersize=8, linestyle="none", **_look(number))
        _curve(right, number, curves[rate], f"{rate:g}")
    if reached:
        best = min(reached, key=reached.__getitem__)
        edge = " (edge of the range)" if best in (rates[0], rates[-1]) else ""
        _star(left, best, reached[best], edge)
        left.legend(frameon=False)
        right.legend(frameon=False, title="learning rate", fontsize=9)
    left.set(xscale="log", xlabel="learning rate", ylabel="validation MSE")
    _decimal_mse(left)
    _mse_over_epochs(right, "validation MSE")
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
    figure = new_figure(5.2 * len(searches) + 0.4, 4.2)
    panels = figure.subplots(1, len(searches), squeeze=False, sharey=True)[0]
    panels[0].set_ylabel("MSE")
    for axes, (name, search) in zip(panels, searches.items(), strict=True):
        strengths = sorted(strength for strength in search if strength > 0)
        for number, (key, label) in enumerate((("train_mse", "train"), ("val_mse", "validation"))):
            values = [search[strength][key] for strength in strengths]
            line: dict[str, Any] = {"color": COLOURS[number], "linestyle": LINES[number]}
            axes.plot(strengths, values, marker=MARKERS[number], label=label, linewidth=2, **line)
            axes.axhline(none[key], label=f"{label}, none", alpha=0.9, linewidth=1, **line)
        best = min(strengths, key=lambda strength: search[strength]["val_mse"])
        lines = axes.get_legend_handles_labels()
        star = _star(axes, best, search[best]["val_mse"])
        axes.legend(handles=[star], frameon=False, loc="upper left")
        axes.set_xlabel(name)
        if strengths[-1] > 20 * strengths[0]:
            axes.set_xscale("log")
        _decimal_mse(axes)
    figure.legend(*lines, frameon=False, loc="outside right center")
    return figure


def _look(number: int) -> dict[str, Any]:
    return {"color": COLOURS[number % 7], "marker": MARKERS[number % len(MARKERS)]}


def _curve(axes: Axes, number: int, values: Sequence[float], label: str) -> None:
    """Draws one of several curves over the epochs."""
    axes.plot(
        np.arange(1, len(values) + 1), values, linestyle=LINES[number % len(LINES)], label=label,
        markevery=max(1, len(values) // 8), linewidth=2, **_look(number),
    )  # fmt: skip


def _star(axes: Axes, x: float, y: float, remark: str = "") -> Line2D:
    (star,) = axes.plot(
        x, y, "*", color="none", markeredgecolor="k", markersize=20, markeredgewidth=1.3,
        linestyle="none", label=f"best: {x:g}{remark}",
    )  # fmt: skip
    return star


def _mse_over_epochs(axes: Axes, label: str) -> None:
    axes.set(xlabel="epoch", ylabel=label)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    _decimal_mse(axes)


def _decimal_mse(axes: Axes) -> None:
    """Makes the MSE axis logarithmic, with decimals that never touch."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    subs = next(subs for ratio, subs in _LABELS if high < ratio * low)
    axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=20))
    axes.yaxis.set_major_formatter("{x:.4g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    quiet(axes)
