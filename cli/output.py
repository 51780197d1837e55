"""What commands print when they are done: tables, where it was saved, and what failed."""

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from kerasae.errors import printable
from kerasae.show.table import Table


def print_result(
    as_json: bool,
    summary: Mapping[str, Any] | Sequence[Any],
    tables: Sequence[Table] = (),
    saved: str | Path | None = None,
    errors: Mapping[str, str] | None = None,
    page: Path | None = None,
    then: Sequence[tuple[str, str | Path, str, str]] = (),
) -> None:
    """Prints a result as JSON, or as tables and what was left.

    Args:
        as_json: Whether to print JSON, and nothing else on stdout.
        summary: Everything, as plain JSON values.
        tables: The same for a person.
        saved: The folder that was left, or a line about what was; or `None`.
        errors: What went wrong, by trial.
        page: The page that was left.
        then: What can be done next: a command, what it works on, its options, and what for.

    Raises:
        Exit: With 1, if something went wrong.
    """
    if as_json:
        print(json.dumps(summary))
        tables, saved, then = (), None, ()
    print_tables(tables)
    if saved is not None:
        # It may name untrusted files.
        print(printable(f"Saved in {saved}" if isinstance(saved, Path) else saved))
        if page is not None:
            print(printable(f"Open the page: {page}"))
    _print_next(then)
    for name, error in (errors or {}).items():
        print(f"kerasae: {name}: failed: {error}", file=sys.stderr)
    if errors:
        raise typer.Exit(1)


def print_tables(tables: Sequence[Table]) -> None:
    """Prints tables as wide as the terminal."""
    if not tables:
        return
    # Slow to import.
    from rich.console import Console

    from kerasae.show.terminal import rich_table

    console = Console()
    for table in tables:
        console.print(rich_table(table, console.width))


def _print_next(steps: Sequence[tuple[str, str | Path, str, str]]) -> None:
    for number, (command, place, options, what) in enumerate(steps):
        line = f"kerasae {command} {shlex.quote(str(place))} {options}".rstrip()
        print(printable(f"{'      ' if number else 'Next: '}{line}  # {what}"))


def command_line() -> str:
    """Returns the command that is running, as a shell takes it."""
    return shlex.join(["kerasae", *sys.argv[1:]])
