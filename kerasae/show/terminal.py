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

    headings = ["\n".join(map(printable, c.heading.split("\n"))) for c in table.columns]
    drawn = rich.table.Table(
        title=_text(table.title), caption=_text(table.note), show_header=any(headings)
    )
    for number, heading in enumerate(headings):
        style = _STYLES.get(table.columns[number].style)
        drawn.add_column(
            Text(heading),
            justify="right" if number else "left",
            header_style=style,
            overflow="fold",
            no_wrap=bool(table.columns[number].format),
        )
    for row in table.drawn_rows():
        drawn.add_row(*(Text(printable(cell.text), _STYLES.get(cell.mark, "")) for cell in row))
    return drawn


def _text(text: str) -> Text | None:
    return Text(printable(text)) if text else None
