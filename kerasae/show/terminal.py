"""Text from outside, made harmless for a terminal."""

from __future__ import annotations

from rich.markup import escape as escape_markup

from kerasae.errors import printable


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
