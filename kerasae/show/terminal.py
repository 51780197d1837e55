"""What a terminal shows: tables, and text from outside, made harmless."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.markup import escape as escape_markup
from rich.text import Text

from kerasae.errors import printable

if TYPE_CHECKING:
    import rich.table

    from kerasae.show.table import Table

# A column's line and the spaces beside its cells; between columns without lines.
_FRAME, _GAP = 3, 1
_LEAST_NAME, _FEWEST = 8, 2
_STYLES = {"best": "bold green", "loses": "yellow", "failed": "red", "dim": "dim"}


def escape(text: str) -> str:
    r"""Makes untrusted text safe to print through rich.

    rich's own `escape` leaves terminal codes alone, with which a file's name could rewrite what
    stands on the screen.

    Args:
        text: Names or contents of files.

    Returns:
        One line, with markup escaped and control characters spelled out.

    Example:

    >>> print(escape("[red]a\x1b[2J"))
    \[red]a\x1b[2J
    """
    return escape_markup(printable(text))


def rich_table(table: Table, width: int) -> rich.table.Table:
    """Draws a table for a terminal; names from untrusted files are shown as they are.

    Numbers are never cut. Where folded names do not make room for them, the table goes without
    lines, and then without its last columns, which are named below it.

    Args:
        table: The table.
        width: Characters in a line of the terminal.

    Returns:
        A table for rich's `Console.print`; marks are colours, and headings are left out where
        there are none.
    """
    import rich.table

    headings = [_lines(column.heading) for column in table.columns]
    rows = [[(printable(cell.text), cell.mark) for cell in row] for row in table.drawn_rows()]
    texts = [[row[number][0] for row in rows] for number in range(len(headings))]
    least = [
        _widest([*heading.split(), *(cells if column.format else " ".join(cells).split())])
        for column, heading, cells in zip(table.columns, headings, texts, strict=True)
    ]
    # Names may be folded.
    least[0] = min(least[0], _LEAST_NAME)
    kept, note = len(headings), table.note
    whole = [
        _widest([*one.split("\n"), *cells]) for one, cells in zip(headings, texts, strict=True)
    ]
    tight = sum(whole) + _FRAME * len(whole) + 1 > width
    narrow = sum(least) + _FRAME * len(least) + 1 > width
    if narrow:
        while kept > _FEWEST and sum(least[:kept]) + _GAP * (kept - 1) > width:
            kept -= 1
        if left_out := ", ".join(" ".join(heading.split()) for heading in headings[kept:]):
            note = "\n".join([*filter(None, [note]), f"no room for {left_out} (--json has all)"])
    drawn = rich.table.Table(
        title=Text(_lines(table.title)), caption=Text(_lines(note)), show_header=any(headings)
    )
    if narrow:
        drawn.box, drawn.padding, drawn.pad_edge = None, (0, _GAP, 0, 0), False
    for number, (heading, column) in enumerate(zip(headings[:kept], table.columns, strict=False)):
        drawn.add_column(
            Text(heading, _STYLES.get(column.style, ""), no_wrap=False),
            justify="right" if number else "left",
            overflow="fold",
            no_wrap=bool(column.format),
            width=least[number] if number and (narrow or (tight and column.format)) else None,
        )
    for row in rows:
        drawn.add_row(*(Text(text, _STYLES.get(mark, "")) for text, mark in row[:kept]))
    return drawn


def _widest(texts: Iterable[str]) -> int:
    return max(map(cell_len, texts), default=0)


def _lines(text: str) -> str:
    """Makes text of several lines safe to print."""
    return "\n".join(map(printable, text.split("\n")))
