"""What every figure shares: colours, markers, quiet axes, and lines labelled where they end."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from kerasae.errors import printable

# Okabe & Ito's palette, which colour-blind readers can tell apart; the two that stay visible
# as thin lines on white come first, yellow comes last.
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#F0E442",
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES = ("-", "--", "-.", ":")
_SMALLEST = 1e-12
# Of the ends of an axis of errors: a network that kept its start differs from PCA by rounding.
_LEAST_RATIO = 1.01
_LABEL_HEIGHT = 0.075  # of a label at the end of a line, as a share of the axes'


def new_figure(width: float, height: float) -> Figure:
    """Makes an empty figure of a size in inches that is legible in print."""
    return Figure(figsize=(width, height), layout="constrained", dpi=150)


def plain_text(text: str) -> str:
    r"""Makes a name out of an untrusted file safe to draw: it is no formula, and may be no text.

    Example:

    >>> print(plain_text("$x$\udc80"))
    \$x\$\udc80
    """
    return printable(text).replace("$", r"\$")


def quiet(axes: Axes) -> None:
    """Takes the frame's upper and right side off and adds a faint grid."""
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def error_axis(axes: Axes) -> None:
    """Makes the axis of errors logarithmic, and long enough for its labels to differ."""
    quiet(axes)
    # Errors that are all 0, but for the last bits of a line across, have no logarithm.
    if axes.dataLim.ymax < _SMALLEST:
        return
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    if high < _LEAST_RATIO * low:
        middle, aside = math.sqrt(low * high), math.sqrt(_LEAST_RATIO)
        low, high = axes.set_ylim(middle / aside, middle * aside)
    if high < 6 * low:
        inside = [tick for tick in MaxNLocator(5).tick_values(low, high) if low <= tick <= high]
        axes.yaxis.set_major_locator(FixedLocator(inside))
    else:
        subs = (1, 2, 5) if high < 150 * low else (1,)
        axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=20))
    axes.yaxis.set_major_formatter("{x:.4g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


class LineEnd(NamedTuple):
    """Where a line ends, and what it is called there.

    Args:
        x: The last point's place.
        y: Its height.
        text: The label.
        colour: The line's colour.
    """

    x: float
    y: float
    text: str
    colour: str


def label_ends(axes: Axes, ends: Sequence[LineEnd]) -> None:
    """Writes lines' names beside their ends, one above the other where they would touch.

    Args:
        axes: The axes; everything is drawn on it, for its limits stay what they are.
        ends: The ends.
    """
    axes.set_ylim(axes.get_ylim())
    scale = axes.transScale + axes.transLimits
    # A perfect score lies infinitely far below a logarithmic axis.
    heights = {end: float(np.clip(scale.transform((end.x, end.y))[1], 0, 1)) for end in ends}
    places = spread([heights[end] for end in sorted(ends, key=heights.__getitem__)])
    for end, place in zip(sorted(ends, key=heights.__getitem__), places, strict=True):
        axes.annotate(
            end.text, (end.x, end.y), (1.04, place), textcoords="axes fraction", va="center",
            color=end.colour, fontsize=9, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": end.colour, "alpha": 0.4, "linewidth": 0.8},
        )  # fmt: skip


def spread(heights: Sequence[float], apart: float = _LABEL_HEIGHT) -> list[float]:
    """Moves labels until none touches another, each about as far as the others.

    Args:
        heights: Where they would be, ascending.
        apart: The least distance between two.

    Example:

    >>> [round(height, 3) for height in spread([0.1, 0.5, 0.5], apart=0.1)]
    [0.1, 0.45, 0.55]
    """
    groups: list[tuple[float, int]] = []  # middle and number of labels that touch
    for height in heights:
        middle, count = height, 1
        while groups:
            before, number = groups[-1]
            if middle - before >= apart * (count + number) / 2 - 1e-9:
                break
            groups.pop()
            middle = (middle * count + before * number) / (count + number)
            count += number
        groups.append((middle, count))
    return [
        middle + (place - (count - 1) / 2) * apart
        for middle, count in groups
        for place in range(count)
    ]


def show_image(axes: Axes, image: NDArray) -> None:
    """Draws an image of [0, 1] with the same scale everywhere, without ticks."""
    # matplotlib clips grey images by itself, and warns of colour ones.
    axes.imshow(image.clip(0, 1), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
