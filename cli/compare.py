"""`kerasae compare`."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as o
from .output import print_result
from .table_width import fitting_table


def compare(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR", help="Folders of two or more runs.")
    ],
    as_json: o.AsJson = False,
) -> None:
    """Show what differs between runs, in settings and scores."""
    from kerasae.errors import InvalidSetting
    from kerasae.runs.listing import best_of_all, comparable, short_names, shown, side_by_side
    from kerasae.runs.run import Run
    from kerasae.show.counts import counted
    from kerasae.show.table import Cell

    if len(folders) < 2:
        raise InvalidSetting("folders", str(folders[0]), "two runs or more")
    runs = [Run(folder) for folder in folders]
    values = side_by_side(runs)
    columns: dict[str, list[str | Cell]] = {
        name: [*map(shown, row)] for name, row in values.items() if name != "architecture"
    }
    best = best_of_all(runs)
    note = "" if values else "nothing differs"
    if not comparable(runs):
        note = "different images or noise: errors do not tell which run is better"
    if best is not None and "val_mse" in columns:
        row = runs.index(best)
        columns["val_mse"][row] = Cell(shown(values["val_mse"][row]), "best")
        note = "★ best by validation"
    common, names = short_names([str(folder) for folder in folders])
    title = f"{counted(len(runs), 'run')}{f', {common}…' if common else ''}"
    settings = [name for name in values if name in runs[0].settings()]
    scores = [name for name in _LESS_WANTED if name in values]
    table = fitting_table(title, names, columns, (*_rest(values, settings, scores), *scores), note)
    then = [] if best is None else [("report", best.place, "", "the page of the best one")]
    print_result(as_json, {"folders": [*map(str, folders)], "values": values}, [table], then=then)


# Scores in the order in which a narrow terminal does without them, after those not named here.
_LESS_WANTED = ("seconds", "test_pooled_psnr", "train_psnr", "val_psnr", "train_mse", "test_psnr")


def _rest(values: dict[str, list[object]], settings: list[str], scores: list[str]) -> list[str]:
    """Names the scores that nobody asks for first, such as those of speed."""
    wanted = {*settings, *scores, "val_mse", "test_mse"}
    return [name for name in reversed(values) if name not in wanted]
