"""What every figure shares: colours, markers and quiet axes."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from kerasae.errors import printable

# Okabe & Ito's palette, which colour-blind readers can tell apart; the two that stay visible
# as thin lines on white come first, yellow comes last.
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#F0E442",
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES = ("-", "--", "-.", ":")


def new_figure(width: float, height: float) -> Figure:
    """Makes an empty figure of a size in inches that is legible in print."""
    return Figure(figsize=(width, height), layout="constrained", dpi=150)


def plain_text(text: str) -> str:
    r"""Makes a name of a stranger's safe to draw: it is no formula, and may be no text.

    Example:

    >>> print(plain_text("$x$\udc80"))
    \$x\$\udc80
    """
    return printable(text).replace("$", r"\$")


def quiet(axes: Axes) -> None:
    """Takes the frame's upper and right side off and adds a faint grid."""
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def show_image(axes: Axes, image: NDArray) -> None:
    """Draws a grey image of [0, 1] with the same scale everywhere, without ticks."""
    axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
