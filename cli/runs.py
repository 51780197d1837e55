"""`kerasae runs`."""

import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasae.show.counts import counted
from kerasae.show.table import Cell, Table

from . import options as o
from .output import print_result
from .table_width import fitting_table

if TYPE_CHECKING:
    from kerasae.runs.run import Run

_COLUMNS = (
    "hidden_dims", "latent_dim", "learning_rate", "sigma", "seed", "epochs", "val_mse", "test_mse",
    "of_pca", "test_psnr", "seconds", "date",
)  # fmt: skip
_MOST_ROWS = 500  # of a table; nobody reads more, and drawing them takes seconds
# What a narrow terminal has to do without, in this order.
_LESS_WANTED = (
    "seconds", "sigma", "seed", "epochs", "learning_rate", "test_psnr", "date", "latent_dim",
    "hidden_dims", "val_mse", "of_pca", "test_mse",
)  # fmt: skip


def runs(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to search.")] = Path(
        "artifacts"
    ),
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Setting or score to sort by; -test_psnr puts the largest first.",
            show_default="the validation MSE",
        ),
    ] = None,
    conditions: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="NAME=VALUE",
            help="Show only runs with latent_dim=30, say; can be repeated.",
        ),
    ] = None,
    as_json: o.AsJson = False,
) -> None:
    """List finished runs."""
    from kerasae.runs.listing import by_choice, date_of, filtered, find_runs, images_of, ordered

    from .progress import doing

    with doing("reading runs"):
        everything, broken = find_runs(folder)
    kept = filtered(everything, conditions or [])
    listed = by_choice(kept) if sort is None else ordered(kept, sort)
    for line in broken:
        print(f"kerasae: left out: {line}", file=sys.stderr)

    def values(run: "Run") -> dict[str, Any]:
        return {**run.values(), "of_pca": run.of_pca, "date": date_of(run)}

    groups: dict[tuple[Path, tuple[str, ...]], list[Run]] = {}
    home = functools.cache(_home)
    for run in listed:
        place = home(run.place.parent, folder) if run.place != folder else folder
        groups.setdefault((place, images_of(run)), []).append(run)
    wanted = None if sort is None else sort.removeprefix("-")
    tables = []
    for (place, _), members in ({} if as_json else groups).items():
        first = {run: values(run) for run in members[:_MOST_ROWS]}
        tables.append(_table(place, first, len(members), wanted))
    summary = [{"folder": str(run.folder), **values(run)} for run in listed] if as_json else []
    saved = f"{len(listed):,} of {counted(len(everything), 'run')} in {folder}"
    pair = next((members[:2] for members in groups.values() if len(members) > 1), [])
    then = [("compare", pair[0].place, str(pair[1].place), "see what differs")] if pair else []
    print_result(as_json, summary, tables, saved, then=then)


def _home(above: Path, folder: Path) -> Path:
    """Returns the folder of a sweep or study that has its trials there, or else that one."""
    from kerasae.runs.run_files import TRIALS

    return above.parent if above.name == TRIALS and above != folder else above


def _table(
    home: Path, values: dict["Run", dict[str, Any]], total: int, wanted: str | None
) -> Table:
    """Lays the first runs of the same images out, with the settings in which they differ."""
    from kerasae.runs.listing import best_of_all, differing, shown

    runs = list(values)
    settings = runs[0].experiment.to_dict()
    differ = differing(runs)
    names = [
        name
        for name in _COLUMNS
        if name != wanted and (name not in settings or name in differ or len(runs) == 1)
    ]
    columns: dict[str, list[str | Cell]] = {
        name: [_cell(name, values[run].get(name)) for run in runs]
        for name in (*names, *([wanted] if wanted else []))
    }
    columns = {n: cells for n, cells in columns.items() if any(cells) or n == wanted}
    best = best_of_all(runs)
    if len(runs) > 1 and best is not None and "val_mse" in columns:
        row = runs.index(best)
        columns["val_mse"][row] = Cell(columns["val_mse"][row], "best")
    places = [str(run.place.relative_to(home)).removeprefix("trials/") for run in runs]
    same = [n for n in ("hidden_dims", "latent_dim", "epochs") if n in settings and n not in names]
    title = f"{home}: {_images(runs[0])}"
    if len(dates := {values[run]["date"] for run in runs}) == 1 and wanted != "date":
        columns.pop("date", None)
        title += "".join(f", {date}" for date in dates if date)
    notes = [f"{name} {shown(runs[0].values()[name])}" for name in same]
    if total > len(runs):
        notes.append(f"the first {len(runs):,} of {total:,}; --json has all")
    note = ", ".join(notes)
    less = [name for name in _LESS_WANTED if name != wanted]
    return fitting_table(title, places, columns, (*less, *([wanted] if wanted else [])), note)


def _images(run: "Run") -> str:
    """Names the images of a run, and their size, which tells arrays apart."""
    from kerasae.data.image_data import short_name
    from kerasae.runs.listing import record_of

    record = record_of(run)
    size = " of " + "x".join(map(str, record.image_shape)) if record and record.image_shape else ""
    return short_name(run.experiment.dataset) + size


def _cell(name: str, value: Any) -> str:
    from kerasae.runs.listing import shown

    return f"{value:.1%}" if name == "of_pca" and value is not None else shown(value)
