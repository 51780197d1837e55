"""`kerasae reproduce`."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as o
from .output import command_line, print_result
from .resuming import resumable


def reproduce(
    saving: o.Saving,
    loading: o.Loading,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Use 5,000 digits and shorter training: minutes, no download."
        ),
    ] = False,
    jobs: o.Jobs = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Repeat every study of the lab report on one page."""
    from kerasae.data.datasets import load_dataset
    from kerasae.files.whole_files import write_text
    from kerasae.runs.run_files import PAGE
    from kerasae.studies.reproduction import FULL, QUICK, report_studies
    from kerasae.studies.reproduction import reproduce as run
    from kerasae.studies.reproduction_page import reproduction_page
    from kerasae.studies.run_study import first_command

    from .progress import SCORING, TrialsProgress

    names = QUICK if quick else FULL
    parts = report_studies(names)
    # In its usual folder, what is finished is not run again.
    usual = Path("artifacts") / ("reproduction-quick" if quick else "reproduction")
    folder = usual if saving == o.Saving() else saving.folder("reproduction", "report")
    trials = sum(len(part.study.trials()) for part in parts)
    resume = saving.resume is not None
    with TrialsProgress(trials, silent=quiet, then=SCORING) as progress:
        data = {name: load_dataset(name, loading.data_dir) for name in names}
        progress.doing("fitting PCA, starting workers")
        with resumable("reproduce", folder, loading, quick=quick, jobs=jobs):
            result = run(
                parts,
                data,
                folder,
                jobs=jobs,
                on_event=progress.show,
                resume=resume,
                command=command_line(),
            )
    page = folder / PAGE
    write_text(page, reproduction_page(result, folder, first_command(folder) or command_line()))
    results = {name: findings.summary for name, findings in result.findings.items()}
    tables = [table for findings in result.findings.values() for table in findings.tables]
    summary = {"page": str(page), "results": results, "errors": result.errors}
    then = () if quiet else [("runs", folder, "", "list the trials and their scores")]
    print_result(as_json, summary, tables, folder, result.errors, page, then=then)
