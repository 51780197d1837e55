"""`kerasae runs`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from . import options as o

_COLUMNS = (
    "dataset", "hidden_dims", "latent_dim", "sigma", "seed", "epochs", "test_mse", "test_psnr",
    "seconds",
)  # fmt: skip


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
    from kerasae.data.datasets import short_name
    from kerasae.runs.listing import filtered, find_runs, ordered, shown

    everything, broken = find_runs(folder)
    found = ordered(filtered(everything, conditions or []), sort)
    for line in broken:
        print(f"kerasae: left out: {line}", file=sys.stderr)
    if as_json:
        print(json.dumps([{"folder": str(run.folder), **run.values()} for run in found]))
        return
    from rich.console import Console
    from rich.table import Table

    from kerasae.safety.terminal import escape

    table = Table(title=escape(f"{len(found):,} of {len(everything):,} runs in {folder}"))
    table.add_column("run", overflow="fold", min_width=20)
    for name in _COLUMNS:
        table.add_column(name, justify="right", overflow="fold")
    for run in found:
        values = run.values()
        values["dataset"] = short_name(values["dataset"])
        cells = [escape(shown(values.get(name))) for name in _COLUMNS]
        table.add_row(escape(str(run.folder.relative_to(folder))), *cells)
    Console().print(table)
