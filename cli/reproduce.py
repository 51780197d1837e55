"""`kerasae reproduce`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasae.environment import cores

from . import options as o

if TYPE_CHECKING:
    from kerasae.studies.reproduction import Reproduction


def reproduce(
    quick: Annotated[
        bool, typer.Option("--quick", help="On 5,000 digits, without a download, in minutes.")
    ] = False,
    jobs: o.Jobs = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write to or go on in; default: artifacts/reproduction."),
    ] = None,
    data_dir: o.DataDir = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Run every study of the report into one page."""
    from kerasae.data.datasets import load_dataset
    from kerasae.files import whole_files
    from kerasae.runs import run_files
    from kerasae.studies.reproduction import FULL, QUICK, report_studies
    from kerasae.studies.reproduction import reproduce as run
    from kerasae.studies.reproduction_page import reproduction_page

    from .progress import TrialsProgress
    from .resuming import resumable, same_command

    names = QUICK if quick else FULL
    data = {name: load_dataset(name, data_dir) for name in names}
    parts = report_studies(names)
    folder = out or Path("artifacts") / ("reproduction-quick" if quick else "reproduction")
    trials = sum(len(part.study.trials()) for part in parts)
    with (
        TrialsProgress("reproduction", trials, silent=quiet) as progress,
        resumable(*same_command(folder)),
    ):
        result = run(
            parts, data, folder, jobs=cores() if jobs is None else jobs, on_event=progress.show
        )
    page = folder / run_files.PAGE
    whole_files.write_text(page, reproduction_page(result, parts, folder, _command(quick)))
    _show(result, page, as_json)


def _command(quick: bool) -> str:
    return "kerasae reproduce --quick" if quick else "kerasae reproduce"


def _show(result: Reproduction, page: Path, as_json: bool) -> None:
    from rich.console import Console

    if as_json:
        found = {name: findings.summary for name, findings in result.findings.items()}
        print(json.dumps({"page": str(page), "results": found, "errors": result.errors}))
    else:
        console = Console()
        for findings in result.findings.values():
            for table in findings.tables:
                console.print(table)
        console.print(f"The page: {page}", markup=False, highlight=False, soft_wrap=True)
    for name, error in result.errors.items():
        print(f"kerasae: {name}: failed: {error}", file=sys.stderr)
    if result.errors:
        raise typer.Exit(1)
