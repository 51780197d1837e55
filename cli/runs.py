"""`kerasae runs`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options as o
from .output import print_result

if TYPE_CHECKING:
    from kerasae.runs.run import Run

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
    from kerasae.show.table import Column, Table

    everything, broken = find_runs(folder)
    listed = ordered(filtered(everything, conditions or []), sort)
    for line in broken:
        print(f"kerasae: left out: {line}", file=sys.stderr)
    columns, left_out = _fitting(_cells(listed, sort.removeprefix("-")), Console().width)
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


def _cells(listed: Sequence[Run], sorted_by: str) -> dict[str, list[str]]:
    """Returns the text of each column, the one that is sorted by last, so that it stays."""
    from kerasae.data.image_data import short_name
    from kerasae.runs.listing import shown

    rows = [run.values() for run in listed]
    for row in rows:
        row["dataset"] = short_name(row["dataset"])
    names = [name for name in _COLUMNS if name != sorted_by]
    return {name: [shown(row.get(name)) for row in rows] for name in (*names, sorted_by)}


def _fitting(columns: dict[str, list[str]], width: int) -> tuple[dict[str, list[str]], list[str]]:
    """Leaves out what a terminal has no room for; returns the rest, and the names left out."""
    from rich.cells import cell_len

    needed = {name: 3 + max(map(cell_len, (name, *cells))) for name, cells in columns.items()}
    left_out = []
    for name in _LESS_WANTED:
        room = width - (_NARROWEST + 4)
        if sum(needed[name] for name in columns if name not in left_out) <= room:
            break
        if name != list(columns)[-1]:
            left_out.append(name)
    return {name: cells for name, cells in columns.items() if name not in left_out}, left_out
