"""A small table as notebooks show it."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any


def html_table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Draws a table as HTML, with every text escaped.

    Args:
        caption: What stands above it.
        headings: The heading of each column.
        rows: The values of each row; a `float` is written with five significant digits, `None` as
            a dash.

    Example:

    >>> html_table("<b>", ["mse"], [[0.123456], [None]])
    '<table><caption>&lt;b&gt;</caption><tr><th>mse</th></tr><tr><td>0.12346</td></tr>\
<tr><td>–</td></tr></table>'
    """
    lines = [_row("th", headings), *(_row("td", map(_text, row)) for row in rows)]
    return f"<table><caption>{escape(caption)}</caption>{''.join(lines)}</table>"


def _row(tag: str, texts: Iterable[str]) -> str:
    cells = "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)
    return f"<tr>{cells}</tr>"


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.5g}" if isinstance(value, float) else str(value)
