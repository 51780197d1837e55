"""`kerasae verify`."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasae.show.table import Cell, Column, Table

from . import options as o
from .output import print_result

if TYPE_CHECKING:
    from kerasae.studies.verification import Verified


def verify(
    loading: o.Loading,
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Folder of a finished run, sweep or study.")
    ] = None,
    trials: Annotated[
        str, typer.Option(metavar="N|all", help="Trials to train again, chosen at random.")
    ] = "1",
    published: Annotated[
        bool, typer.Option("--published", help="Check a published figure instead of a folder.")
    ] = False,
    cell: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Figure for --published; default: chosen at random."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the random choice; default: a new one each time.")
    ] = None,
    as_json: o.AsJson = False,
) -> None:
    """Check a run's files, train it again and compare."""
    from kerasae.errors import InvalidSetting

    count = None if trials == "all" else int(trials) if trials.isdecimal() else 0
    if count == 0 or len(trials) > 9:
        raise InvalidSetting("trials", trials, "a whole number of at least 1, or all")
    if (folder is None) != published or (cell is not None and not published):
        given = "no folder" if folder is None else str(folder)
        raise InvalidSetting("folder", given, "a folder, or --published with or without --cell")
    from .progress import doing

    with doing("checking the files") as say:
        if folder is None:
            done, files = [_published(loading, cell, seed, say)], 0
        else:
            files, done = _again(loading, folder, count, seed, say)
    passed = all(one.passed for one in done)
    trained = [{**dataclasses.asdict(one), "passed": one.passed} for one in done]
    summary = {"passed": passed, "files": files, "trained_again": trained}
    print_result(as_json, summary, [_table(done, files)])
    if not passed:
        raise typer.Exit(1)


def _published(loading: o.Loading, cell: str | None, seed: int | None, say: Any) -> "Verified":
    from kerasae.studies.verification import drawn_cell, verified_cell

    name, experiment = drawn_cell(cell, seed)
    say(f"loading data for {name}")
    data = loading.data(experiment, say)
    say(f"training {name}")
    return verified_cell(name, experiment, data)


def _again(
    loading: o.Loading, folder: Path, count: int | None, seed: int | None, say: Any
) -> tuple[int, list["Verified"]]:
    from kerasae.studies.verification import check_files, drawn_trials, verified

    files = check_files(folder)
    done = []
    for run in drawn_trials(folder, count, seed):
        say(f"training {run.name} again")
        done.append(verified(run, folder, loading.data_of))
    return files, done


def _table(done: list["Verified"], files: int) -> Table:
    rows = []
    notes = [f"{files:,} files match their checksums"] if files else []
    for one in done:
        apart = f"{one.again - one.recorded:+.2g}, {'passed' if one.passed else 'failed'}"
        verdict = "same bits" if one.same_bits else apart
        values = [one.name, one.recorded, one.again, one.allowed, verdict]
        rows.append([Cell(value, "" if one.passed else "failed") for value in values])
        if one.different and not one.same_bits:
            notes.append(f"{one.name}: {'; '.join(one.different)}")
    columns = [Column(""), Column("recorded", "#.6g"), Column("again", "#.6g")]
    columns += [Column("allowed", ".2g"), Column("difference")]
    scores = ", ".join(dict.fromkeys(one.score for one in done))
    return Table(f"Trained again: {scores}", columns, rows, "\n".join(notes))
