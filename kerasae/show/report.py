"""The page that `kerasae report` writes, from Python."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path

from kerasae.data.image_data import ImageData
from kerasae.files.whole_files import check_new, write_text
from kerasae.runs.run import Run
from kerasae.runs.run_data import run_data
from kerasae.runs.run_files import PAGE


def report(
    run: Run | str | os.PathLike[str],
    path: str | os.PathLike[str] | None = None,
    *,
    data: ImageData | None = None,
) -> Path:
    """Writes an HTML page about a run, or about the runs of a sweep, like `kerasae report`.

    Args:
        run: A run that is saved, or the folder of a run or a sweep.
        path: A new file; default: `report.html` in the folder, where an earlier one is replaced.
        data: The images; default: those that it was trained on.

    Returns:
        The page's path.

    Raises:
        ArtifactError: If the run is in memory only, there is no finished run with its model, or
            the file exists or cannot be written.
        DataError: If the images cannot be read.
        InvalidSetting: If `data` has images of another shape.

    Example:

    >>> report("missing")
    Traceback (most recent call last):
        ...
    kerasae.errors.ArtifactError: missing: is not a folder; choose the folder of runs, such as \
artifacts
    """
    folder = run.place if isinstance(run, Run) else Path(run)
    page = folder / PAGE if path is None else Path(path)
    if path is not None:
        check_new(page)
    if data is None and isinstance(run, Run):
        data = run.data
    write_page(folder, page, lambda shown: data or run_data(shown))
    return page


def write_page(
    folder: Path, page: Path, data_of: Callable[[Run], ImageData]
) -> tuple[list[Run], Run]:
    """Writes the page of a folder's runs.

    Args:
        folder: The folder of a run or of a sweep.
        page: The file, which is replaced.
        data_of: Returns the images of the run that is shown.

    Returns:
        The runs on the page, and the one that is shown.
    """
    from kerasae.show.report_page import report_page
    from kerasae.show.runs_page import folder_page, runs_to_show

    runs, broken = runs_to_show(folder)
    shown = next(one for one in runs if one.has_model)
    command = f"kerasae report {shlex.quote(str(folder))}"
    write_text(page, report_page(folder_page(runs, broken, data_of(shown), command)))
    return runs, shown
