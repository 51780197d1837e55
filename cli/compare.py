"""`kerasae compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from . import options as o


def compare(
    folders: Annotated[list[Path], typer.Argument(help="Folders of two runs or more.")],
    as_json: o.AsJson = False,
) -> None:
    """Set runs side by side: what differs, and their scores."""
    from kerasae.errors import InvalidSetting
    from kerasae.runs.listing import read_finished_run, shown, side_by_side

    if len(folders) < 2:
        raise InvalidSetting("folders", str(folders[0]), "two runs or more")
    found = [read_finished_run(folder) for folder in folders]
    rows = side_by_side(found)
    if as_json:
        print(json.dumps({"folders": [str(folder) for folder in folders], "values": rows}))
        return
    from rich.console import Console
    from rich.table import Table

    from kerasae.show.terminal import escape

    table = Table()
    table.add_column("")
    for folder in folders:
        table.add_column(escape(str(folder)), justify="right", overflow="fold")
    for name, values in rows.items():
        table.add_row(escape(name), *(escape(shown(value)) for value in values))
    Console().print(table)
