"""`kerasae report`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

from . import options as o


def report(
    folder: Annotated[Path, typer.Argument(help="Folder of a run, or of a sweep.")],
    out: Annotated[
        Path | None, typer.Option(help="A new file; default: report.html in the folder.")
    ] = None,
    data_dir: o.DataDir = None,
    skip_bad: o.SkipBad = False,
    as_json: o.AsJson = False,
) -> None:
    """Write an HTML page about a run or a sweep."""
    import tempfile

    from kerasae.files import whole_files
    from kerasae.show.report_page import report_page
    from kerasae.show.run_page import reported_runs, run_report

    page = _page(folder, out)
    reported = reported_runs(folder)
    data = o.load_data(reported.experiment, data_dir, skip_bad)
    command = f"kerasae report {shlex.quote(str(folder))}"
    with tempfile.TemporaryDirectory(prefix="kerasae-") as temporary:
        figures = Path(temporary)
        content = run_report(reported, data, figures, command)
        whole_files.write_text(page, report_page(content, figures))
    if as_json:
        found = {"page": str(page), "runs": len(reported.runs), "shown": str(reported.shown.folder)}
        print(json.dumps(found))
    else:
        print(f"The page: {page}")


def _page(folder: Path, out: Path | None) -> Path:
    """Returns where the page goes; only an earlier page of this command is replaced."""
    from kerasae.errors import ArtifactError
    from kerasae.runs import run_files

    if out is None:
        if (folder / run_files.REPRODUCTION).exists():
            raise ArtifactError(f"{folder}: has the page of a reproduction; choose another --out")
        return folder / run_files.PAGE
    if out.exists() or out.suffix != ".html":
        raise ArtifactError(f"{out}: expected a new file whose name ends with .html")
    return out
