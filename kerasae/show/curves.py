"""Training curves: over the epochs, over learning rates and over regularization."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from kerasae.show.figure_style import (
    COLOURS,
    LINES,
    MARKERS,
    LineEnd,
    error_axis,
    label_ends,
    new_figure,
    plain_text,
    quiet,
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
        train: Training MSE after each epoch; see `train_curve`.
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
    above = np.asarray(val) >= np.asarray(train)
    axes.fill_between(epochs, train, val, where=above.tolist(), color="0.85", label="gap")
    for number, (values, label) in enumerate(((train, "train"), (val, "validation"))):
        axes.plot(epochs, values, LINES[number], color=COLOURS[number], linewidth=2, label=label)
    label = f"best validation: {val[best]:#.4g}, epoch {epochs[best]}"
    axes.plot(epochs[best], val[best], "k*", markersize=12, label=label)
    for number, (name, mse) in enumerate((references or {}).items()):
        style = LINES[2 + number % 2]
        axes.axhline(mse, color="0.35", linestyle=style, label=f"{name}: {mse:#.4g}")
    axes.set_title(title)
    _mse_over_epochs(axes, "MSE")
    axes.legend(frameon=False, fontsize=9)
    return figure


@dataclasses.dataclass(frozen=True)
class Panel:
    """A figure of one curve of a run; all panels have one size.

    Args:
        drawn: The figure.
        words: The figure in words.
    """

    drawn: Figure
    words: str


def run_panels(
    history: Sequence[Mapping[str, float]],
    best_epoch: int | None,
    pca: tuple[float, float] | None = None,
) -> list[Panel]:
    """Draws a run's curves: its error, its PSNR and its learning rate, as far as they are known.

    Args:
        history: A row of logs per epoch; see `Run.history`.
        best_epoch: The epoch whose weights the run has, 0 for its start; `None` where that is not
            known.
        pca: MSE and PSNR of PCA on the images held out, or else on those trained on.

    Returns:
        The panels.
    """
    columns = {key: [row[key] for row in history] for key in history[0]}
    train, train_words = train_curve(columns)
    curves = {train_words: train}
    if "val_mse" in columns:
        curves["validation"] = columns["val_mse"]
    errors = _panel("MSE, lower is better", curves, best_epoch, pca and pca[0])
    error_axis(errors.axes[0])
    last = ", ".join(f"{name} {values[-1]:.3g}" for name, values in curves.items())
    beside = "" if pca is None else f"; PCA's is {pca[0]:.3g}"
    marked = "" if best_epoch is None else f" The star marks the epoch that was kept, {best_epoch}."
    words = f"Error after each epoch; at the end: {last}{beside}.{marked}"
    panels = [Panel(_labelled(errors), words)]
    if "val_psnr" in columns:
        psnr = _panel(
            "PSNR in dB, higher is better",
            {"validation": columns["val_psnr"]},
            best_epoch,
            pca and pca[1],
        )
        words = f"PSNR of the validation images, {columns['val_psnr'][-1]:.2f} dB at the end."
        panels.append(Panel(_labelled(psnr), words))
    if "learning_rate" in columns:
        rate = _panel("learning rate", {"learning rate": columns["learning_rate"]}, best_epoch)
        end = columns["learning_rate"][-1]
        words = f"Learning rate at the end of each epoch, {end:.2g} after the last."
        panels.append(Panel(_labelled(rate, 0), words))
    return panels


def train_curve(columns: Mapping[str, Sequence[float]]) -> tuple[Sequence[float], str]:
    """Returns the training error over the epochs, and its name.

    It is that at the end of each epoch, which can be compared with the validation; of runs that
    did not record it, the mean over the epoch.
    """
    if "train_mse" in columns:
        return columns["train_mse"], "training"
    return columns["mse"], "training (epoch's mean)"


def _panel(
    label: str,
    curves: Mapping[str, Sequence[float]],
    best_epoch: int | None,
    pca: float | None = None,
) -> Figure:
    figure = new_figure(4.8, 3.1)
    axes = figure.add_subplot()
    for name, values in curves.items():
        epochs = np.arange(1, len(values) + 1)
        number = 1 if name == "validation" else 0
        marker = MARKERS[number] if len(values) < 16 else None
        axes.plot(
            epochs, values, LINES[number], color=COLOURS[number], linewidth=2, label=name,
            marker=marker, markersize=4,
        )  # fmt: skip
    if pca is not None:
        axes.axhline(pca, color="0.35", linestyle="--", linewidth=1.5, label="PCA")
    if best_epoch is not None:
        values = list(curves.values())[-1]
        height = values[best_epoch - 1] if 0 < best_epoch <= len(values) else pca
        if height is not None:
            axes.plot(best_epoch, height, "*", color="k", markersize=13, zorder=5)
    axes.set(xlabel="epoch")
    axes.set_title(label, loc="left", fontsize=10)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    quiet(axes)
    return figure


def _labelled(figure: Figure, lines: int = 3) -> Figure:
    """Names the first lines of a panel where they end, PCA's at the right side."""
    (axes,) = figure.axes
    axes.set_xlim(axes.get_xlim())
    ends = []
    for line in axes.lines[:lines]:
        name = str(line.get_label())
        x, y = (float(np.asarray(values)[-1]) for values in line.get_data())
        if not name.startswith("_"):
            x = axes.get_xlim()[1] if name == "PCA" else x
            ends.append(LineEnd(x, y, name.replace(" (", "\n("), str(line.get_color())))
    label_ends(axes, ends)
    return figure


def run_figure(name: str, history: Sequence[Mapping[str, float]]) -> Figure:
    """Draws a run's MSE over the epochs, in one figure; see `overfit_figure`.

    Args:
        name: The run's name.
        history: A row of logs per epoch.
    """
    columns = {key: [row[key] for row in history] for key in history[0]}
    train, _ = train_curve(columns)
    if "val_mse" not in columns:
        return history_figure({name: train}, "training MSE")
    return overfit_figure(train, columns["val_mse"])


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
    error_axis(left)
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
        error_axis(axes)
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
    error_axis(axes)
