"""`kerasae runs`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasae.show.table import Column, Table

from . import options as o
from .output import print_result

_COLUMNS = (
    "dataset", "hidden_dims", "latent_dim", "sigma", "seed", "epochs", "test_mse", "test_psnr",
    "seconds",
)  # fmt: skip


# What a narrow terminal has to do without, in this order.
_LESS_WANTED = (
    "seed", "sigma", "seconds", "epochs", "dataset", "test_psnr", "latent_dim", "hidden_dims",
    "test_mse",
)  # fmt: skip
# Letters of a run's name in a line.
_NARROWEST = 16


def runs(
    folder: Annotated[Path, typer.Argument(help="Folder to look into.")] = Path("artifacts"),
    sort: Annotated[
        str, typer.Option(help="Setting or score; -test_psnr has the largest first.")
    ] = "test_mse",
    conditions: Annotated[
        list[str] | None, typer.Option("--filter", help="Such as latent_dim=30; repeat for more.")
    ] = None,
    as_json: o.AsJson = False,
) -> None:
    """List the finished runs of a folder."""
    from rich.console import Console

    from kerasae.runs.listing import filtered, find_runs, ordered

    everything, broken = find_runs(folder)
    listed = ordered(filtered(everything, conditions or []), sort)
    for line in broken:
        print(f"kerasae: left out: {line}", file=sys.stderr)
    columns = _columns([run.values() for run in listed], sort.removeprefix("-"))
    left_out = _leave_out(columns, Console().width)
    table = Table(
        f"{len(listed):,} of {len(everything):,} runs in {folder}",
        [Column("run"), *map(Column, columns)],
        [
            [str(run.place.relative_to(folder)), *(cells[number] for cells in columns.values())]
            for number, run in enumerate(listed)
        ],
        f"no room for {', '.join(left_out)} (--json has everything)" if left_out else "",
    )
    summary = [{"folder": str(run.folder), **run.values()} for run in listed]
    print_result(as_json, summary, [table])


def _columns(rows: list[dict[str, Any]], sorted_by: str) -> dict[str, list[str]]:
    """Returns the text of each column, the one that is sorted by last."""
    from kerasae.data.image_data import short_name
    from kerasae.runs.listing import shown

    for row in rows:
        row["dataset"] = short_name(row["dataset"])
    names = [name for name in _COLUMNS if name != sorted_by]
    return {name: [shown(row.get(name)) for row in rows] for name in (*names, sorted_by)}


def _leave_out(columns: dict[str, list[str]], width: int) -> list[str]:
    """Takes out what a terminal has no room for, the last column never; returns the names."""
    from rich.cells import cell_len

    needed = {name: 3 + max(map(cell_len, (name, *cells))) for name, cells in columns.items()}
    *others, _ = columns
    left_out = []
    for name in _LESS_WANTED:
        if name in others and sum(needed.values()) > width - (_NARROWEST + 4):
            del columns[name], needed[name]
            left_out.append(name)
    return left_out
