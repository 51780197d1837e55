"""`kerasae report`."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as o
from .output import print_result


def report(
    loading: o.Loading,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run, or of a sweep.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="New file; default: report.html in the folder."),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME|PATH", help="Where the images are now, if they were moved."),
    ] = None,
    as_json: o.AsJson = False,
) -> None:
    """Write or update the HTML page of a run or sweep."""
    from kerasae.show.report import write_page

    from .progress import doing

    page = _page(folder, out)
    elsewhere = {"dataset": dataset} if dataset is not None else None
    with doing("drawing the page"):
        runs, shown = write_page(folder, page, lambda run: loading.data_of(run, elsewhere))
    summary = {"page": str(page), "runs": len(runs), "shown": str(shown.folder)}
    print_result(as_json, summary, saved=f"Open the page: {page}")


def _page(folder: Path, out: Path | None) -> Path:
    """Returns where the page goes; only an earlier page of this command is replaced."""
    from kerasae.errors import ArtifactError
    from kerasae.runs.run_files import PAGE, REPRODUCTION

    if out is None:
        if (folder / REPRODUCTION).exists():
            raise ArtifactError(f"{folder}: has the page of a reproduction; choose another (--out)")
        return folder / PAGE
    if out.exists() or out.suffix != ".html":
        raise ArtifactError(f"{out}: expected a new file whose name ends with .html")
    return out
