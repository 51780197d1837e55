"""Clean images and what was made of them, each with its PSNR."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from kerasae.metrics import image_mse, psnr
from kerasae.show.figure_style import new_figure, show_image

_DRAWN = 8


def drawn_rows(images: int) -> NDArray[np.intp]:
    """Returns which images to draw: eight, evenly spaced, for some sets are sorted by class.

    Example:

    >>> drawn_rows(15).tolist()
    [0, 2, 4, 6, 8, 10, 12, 14]
    """
    return np.linspace(0, images - 1, min(images, _DRAWN), dtype=np.intp)


def versions_figure(
    clean: NDArray[np.floating], versions: Mapping[str, NDArray[np.floating]], title: str
) -> Figure:
    """Draws a column per image and a row per version of it, each with its PSNR in dB.

    Args:
        clean: Clean images in [0, 1], `(images, height, width)` or
            `(images, height, width, 3)`; eight fill a page's width.
        versions: For each row under the clean images its label (such as `noisy`) and its
            images, of the same shape. Values outside [0, 1] are scored as they are and
            drawn as the nearest in it.
        title: Title of the figure.

    Returns:
        The figure. The label of each row has the mean PSNR of the images that are drawn.
    """
    rows = {"clean": clean, **versions}
    figure = new_figure(0.3 + 1.05 * len(clean) + 1.1, 0.5 + 1.25 * len(rows))
    grid = figure.subplots(len(rows), len(clean), squeeze=False)
    for line, (label, images) in zip(grid, rows.items(), strict=True):
        decibels = psnr(image_mse(clean, images))
        for axes, image, value in zip(line, images, decibels, strict=True):
            show_image(axes, image)
            if images is not clean:
                axes.set_xlabel(f"{value:.1f} dB", fontsize=9, labelpad=2)
        mean = "" if images is clean else f"\n{decibels.mean():.1f} dB"
        line[0].set_ylabel(
            label + mean, rotation=0, ha="right", va="center", fontsize=10, labelpad=8
        )
    figure.suptitle(title, fontsize=12)
    return figure
