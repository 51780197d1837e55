"""What the studies' commands share: run, save, show."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import typer

from kerasae.data.image_data import ImageData
from kerasae.environment import cores
from kerasae.studies.study import Study


def run(
    study: Study,
    data: ImageData,
    *,
    out: Path | None,
    jobs: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Runs a study and prints its tables, or JSON; exits with 1 when a trial failed."""
    from kerasae.studies.study import run_study

    from .options import new_folder
    from .progress import TrialsProgress
    from .resuming import resumable, same_command

    folder = out or new_folder(study.name, data.title)
    with (
        TrialsProgress(study.name, len(study.trials()), silent=quiet) as progress,
        resumable(*same_command(folder)),
    ):
        findings, errors = run_study(
            study, data, folder, jobs=cores() if jobs is None else jobs, on_event=progress.show
        )
    if as_json:
        print(json.dumps({"folder": str(folder), "errors": errors, **findings.summary}))
    else:
        from rich.console import Console

        from kerasae.show.terminal import escape

        console = Console()
        for table in findings.tables:
            console.print(table)
        console.print(f"Saved in {escape(str(folder))}", highlight=False, soft_wrap=True)
    for name, error in errors.items():
        print(f"kerasae: {name}: failed: {error}", file=sys.stderr)
    if errors:
        raise typer.Exit(1)
