"""Saving figures, each as PNG and SVG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kerasae.files.whole_files import save_with

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figure(folder: Path, stem: str, figure: Figure) -> tuple[Path, Path]:
    """Saves a figure as PNG and SVG, each in one piece, without dates in the files.

    Args:
        folder: Folder to save in; made when it is missing.
        stem: File name without its ending.
        figure: The figure.

    Returns:
        The paths of the PNG and of the SVG file.

    Raises:
        ArtifactError: If the folder cannot be written to.
    """
    import matplotlib

    png, svg = (folder / f"{stem}{ending}" for ending in (".png", ".svg"))
    save_with(png, figure.savefig)
    # Equal figures give equal files, so that committed ones change only with their content.
    with matplotlib.rc_context({"svg.hashsalt": stem}):
        save_with(svg, lambda path: figure.savefig(path, metadata={"Date": None}))
    return png, svg
