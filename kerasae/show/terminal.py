"""What a terminal shows: tables, and text from outside, made harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape as escape_markup
from rich.text import Text

from kerasae.errors import printable

if TYPE_CHECKING:
    import rich.table

    from kerasae.show.table import Table

_STYLES = {"best": "bold green", "loses": "yellow", "failed": "red", "dim": "dim"}


def escape(text: str) -> str:
    r"""Makes text of strangers safe to print through rich.

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


def rich_table(table: Table) -> rich.table.Table:
    """Draws a table for a terminal; whatever a stranger may have named is shown as it is.

    Args:
        table: The table.

    Returns:
        A table for rich's `Console.print`; marks are colours, and headings are left out where
        there are none.
    """
    import rich.table

    headings = [_lines(column.heading) for column in table.columns]
    title, note = (Text(_lines(text)) for text in (table.title, table.note))
    drawn = rich.table.Table(title=title, caption=note, show_header=any(headings))
    for number, (heading, column) in enumerate(zip(headings, table.columns, strict=True)):
        drawn.add_column(
            Text(heading, _STYLES.get(column.style, "")),
            justify="right" if number else "left",
            overflow="fold",
            no_wrap=bool(column.format),
        )
    for row in table.drawn_rows():
        drawn.add_row(*(Text(printable(cell.text), _STYLES.get(cell.mark, "")) for cell in row))
    return drawn


def _lines(text: str) -> str:
    """Makes text of several lines safe to print."""
    return "\n".join(map(printable, text.split("\n")))
