"""The figure of novel images: ROC curves, and the most and the least odd of each turn."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from kerasae.show.figure_style import new_figure, plain_text, quiet

_EACH = 6
# Rows of images that are as high as the curves; with few turns, each has several.
_ROWS = 7


def anomaly_figure(
    scores: Mapping[str, NDArray[np.floating]],
    novel: Mapping[str, NDArray[np.integer]],
    images: NDArray[np.uint8],
    name: str,
) -> Figure:
    """Draws ROC curves beside the test images that score highest and lowest.

    Args:
        scores: Of all test images, by turn; the larger, the odder.
        novel: Whether each is novel, 0 or 1, by turn.
        images: The test images, `uint8`.
        name: Name of the score.

    Returns:
        The figure; images that are on the wrong side have a red frame.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    each = max(1, round(_ROWS / len(scores)))
    height = max(3.2, 0.55 * each * len(scores) + 0.8)
    figure = new_figure(9.5, height)
    grid = figure.add_gridspec(1, 2, width_ratios=(1, 1.9))
    axes = figure.add_subplot(grid[0])
    for turn, values in scores.items():
        false_alarms, found, _ = roc_curve(novel[turn], values)
        label = f"{plain_text(turn)}: {roc_auc_score(novel[turn], values):.3f}"
        axes.plot(false_alarms, found, label=label, linewidth=1.2)
    axes.set(xlabel="normal images called odd", ylabel="novel images found", title=f"AUROC, {name}")
    axes.set_box_aspect(1)
    axes.legend(frameon=False, fontsize=7, loc="lower right")
    quiet(axes)
    places = grid[1].subgridspec(each * len(scores), 2 * _EACH, wspace=0.08, hspace=0.08)
    for number, (turn, values) in enumerate(scores.items()):
        order = np.argsort(values, kind="stable")
        for half, few in enumerate((order[: each * _EACH], order[-each * _EACH :])):
            for count, image in enumerate(few):
                row, column = divmod(count, _EACH)
                shown = figure.add_subplot(places[each * number + row, half * _EACH + column])
                shown.imshow(images[image], cmap="gray", vmin=0, vmax=255)
                shown.set(xticks=[], yticks=[])
                wrong = bool(novel[turn][image]) != bool(half)
                for side in shown.spines.values():
                    side.set(visible=wrong, color="red", linewidth=1.5)
                if count == half == 0:
                    name = plain_text(turn)
                    shown.set_ylabel(name, fontsize=8, rotation=0, ha="right", va="center")
                if number == count == 0:
                    shown.set_title(("least odd", "oddest")[half], fontsize=9, loc="left")
    return figure
