"""`kerasae compare`."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as o
from .output import print_result


def compare(
    folders: Annotated[list[Path], typer.Argument(help="Folders of two runs or more.")],
    as_json: o.AsJson = False,
) -> None:
    """Set runs side by side: what differs, and their scores."""
    from kerasae.errors import InvalidSetting
    from kerasae.runs.listing import shown, side_by_side
    from kerasae.runs.run import Run
    from kerasae.show.table import Column, Table

    if len(folders) < 2:
        raise InvalidSetting("folders", str(folders[0]), "two runs or more")
    values = side_by_side([Run(folder) for folder in folders])
    table = Table(
        "",
        [Column(""), *(Column(str(folder)) for folder in folders)],
        [[name, *map(shown, row)] for name, row in values.items()],
    )
    summary = {"folders": [str(folder) for folder in folders], "values": values}
    print_result(as_json, summary, [table])
