"""A table of results, before it is known whether a terminal or a page draws it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

SIGNS = {"best": "★ ", "loses": "▼ ", "level": "≈ "}


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of a table; the first one names the rows.

    Args:
        heading: What stands above it; may have several lines.
        format: How a `float` in it is written, such as `.5f`.
        style: The mark of its cells that have none of their own; see `Cell`.
    """

    heading: str
    format: str = ""
    style: str = ""


@dataclasses.dataclass(frozen=True)
class Cell:
    """A value that is marked.

    Args:
        value: The value.
        mark: `best`, `loses`, `level`, `failed`, `dim` or none.
    """

    value: Any
    mark: str = ""


@dataclasses.dataclass(frozen=True)
class Table:
    """A table, drawn by `terminal.rich_table` and by the pages.

    Args:
        title: What it shows.
        columns: The columns.
        rows: The values of each row, as many as columns; a marked one is a `Cell`.
        note: A sentence under it.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    note: str = ""

    def drawn_rows(self, missing: str = "") -> list[list[DrawnCell]]:
        """Returns the text, the mark and the value of every cell.

        Args:
            missing: What stands for `None`.

        Example:

        >>> table = Table("", [Column("dims"), Column("MSE", ".3f")], [[15, Cell(0.1, "best")]])
        >>> [cell.text for cell in table.drawn_rows()[0]]
        ['15', '★ 0.100']
        """
        return [
            [
                _drawn(cell if isinstance(cell, Cell) else Cell(cell), column, missing)
                for cell, column in zip(row, self.columns, strict=True)
            ]
            for row in self.rows
        ]


class DrawnCell(NamedTuple):
    """A cell as every drawing of a table has it.

    Args:
        text: Its text, with the sign of its mark.
        mark: Its mark.
        value: Its value, by which rows can be sorted.
    """

    text: str
    mark: str
    value: Any


def _drawn(cell: Cell, column: Column, missing: str) -> DrawnCell:
    if cell.value is None:
        text = missing
    elif isinstance(cell.value, float):
        text = format(cell.value, column.format)
    else:
        text = str(cell.value)
    return DrawnCell(SIGNS.get(cell.mark, "") + text, cell.mark or column.style, cell.value)
