"""Pictures of the latent space: codes by class, decoded points, and walks between images."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure, FigureBase
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from kerasae.inference.latent_plane import LatentPlane
from kerasae.show.figure_style import MARKERS, new_figure, plain_text, quiet, show_image

# Ten classes are more than a palette can hold apart: marker and colour together do.
_CLASS_COLOURS = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#C9B800", "#0072B2", "#D55E00", "#CC79A7",
    "#7F7F7F", "#8C564B",
)  # fmt: skip


def latent_figure(plane: LatentPlane) -> Figure:
    """Draws the latent plane, a grid of decoded points and walks between images.

    Args:
        plane: What `latent_plane.latent_plane` gave; the grid is left out where it has none.

    Returns:
        The figure.
    """
    columns = 1 if plane.decoded is None else 2
    ratios = [5.6, 0.75 * len(plane.walks)]
    figure = new_figure(6.2 * columns, sum(ratios))
    upper, lower = figure.subfigures(2, 1, height_ratios=ratios, squeeze=False)[:, 0]
    top = upper.subfigures(1, columns, width_ratios=[6.6, 5.4][:columns], squeeze=False)[0]
    _scatter(top[0], plane)
    if plane.decoded is not None:
        _mosaic(top[1], plane.decoded, "decoded points of the plane")
    _mosaic(lower, plane.walks, "walks between two images, in equal steps of the code")
    return figure


def scatter_figure(plane: LatentPlane) -> Figure:
    """Draws the codes of the latent plane alone.

    Args:
        plane: What `latent_plane.latent_plane` gave.
    """
    figure = new_figure(5, 5)
    _scatter(figure, plane, {"loc": "upper center", "bbox_to_anchor": (0.5, -0.13), "ncols": 5})
    return figure


def _scatter(
    figure: FigureBase, plane: LatentPlane, legend: Mapping[str, Any] | None = None
) -> None:
    axes = figure.subplots()
    name = plane.axis_name
    axes.set(xlabel=f"{name}, 1st dimension", ylabel=f"{name}, 2nd dimension")
    quiet(axes)
    size = 3 if len(plane.codes) > 200 else 6
    if not plane.class_names:
        axes.plot(
            *plane.codes.T, "o", markersize=size, alpha=0.6, markeredgewidth=0,
            color=_CLASS_COLOURS[5], rasterized=True,
        )  # fmt: skip
        return
    handles, middles = [], {}
    for number, name in enumerate(map(plain_text, plane.class_names)):
        marker = (*MARKERS, "<", ">")[number % 10]
        colour = _CLASS_COLOURS[number % 10]
        look: dict[str, Any] = {"marker": marker, "color": colour, "linestyle": "none"}
        handles.append(Line2D([], [], markersize=7, label=name, **look))
        chosen = plane.codes[plane.labels == number]
        axes.plot(
            *chosen.T,
            markersize=size,
            alpha=0.45 if size == 3 else 0.85,
            markeredgewidth=0,
            rasterized=True,
            **look,
        )
        if len(chosen):
            middles[name] = np.median(chosen, axis=0)
    box = {"boxstyle": "round,pad=0.2", "fc": "white", "ec": "0.4", "alpha": 0.85}
    for name, (x, y) in _apart(middles, np.ptp(plane.codes, axis=0)).items():
        axes.text(x, y, name, ha="center", va="center", fontsize=9, bbox=box)
    legend = legend or {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
    axes.legend(handles=handles, frameon=False, **legend)


def _apart(places: dict[str, NDArray], extent: NDArray) -> dict[str, NDArray]:
    """Moves labels up, from the lowest on, until none covers another."""
    free: dict[str, NDArray] = {}
    for name in sorted(places, key=lambda name: float(places[name][1])):
        place = places[name].copy()
        for other in free.values():
            if np.all(np.abs(place - other) < (0.16, 0.045) * extent):
                place[1] = other[1] + 0.045 * extent[1]
        free[name] = place
    return free


def _mosaic(figure: FigureBase, images: NDArray, title: str) -> None:
    """Draws rows of images, grey or in colour, as one, which is fast and leaves no gaps."""
    rows, columns, height, width, *channels = images.shape
    axes = figure.subplots()
    show_image(axes, images.swapaxes(1, 2).reshape(rows * height, columns * width, *channels))
    axes.set_title(title, fontsize=11)
