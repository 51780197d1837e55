"""Tables of runs, made to fit a terminal: what it has no room for is left out, and named."""

from collections.abc import Collection, Mapping, Sequence

from kerasae.errors import printable
from kerasae.show.table import Cell, Column, Table

# A column's line and the spaces beside its cells.
_FRAME = 3
_NAMED = 12  # of the columns that are left out


def fitting_table(
    title: str,
    names: Sequence[str],
    columns: Mapping[str, Sequence[str | Cell]],
    less_wanted: Collection[str],
    note: str = "",
) -> Table:
    """Lays runs out in rows, each column as wide as its widest cell.

    Args:
        title: What the runs are.
        names: The name of each run, which is never left out.
        columns: The cells of each column, by its heading.
        less_wanted: Columns in the order in which they are left out, before any others.
        note: A sentence under the table.
    """
    from rich.console import Console

    kept = dict(columns)
    needed = {key: _FRAME + max(map(_width, (key, *kept[key]))) for key in kept}
    room = Console().width - 1 - _FRAME - max(map(_width, ("run", *names)))
    order = [key for key in less_wanted if key in kept]
    order += [key for key in reversed(kept) if key not in order]
    left_out = []
    # The last one stays, for a list of names says nothing.
    for key in order[:-1]:
        if sum(needed[one] for one in kept) > room:
            del kept[key]
            left_out.append(key)
    rows = [[name, *(cells[row] for cells in kept.values())] for row, name in enumerate(names)]
    lines = [note] if note else []
    if left_out:
        more = len(left_out) - _NAMED
        named = [*left_out[-_NAMED:], *([f"{more} more"] if more > 0 else [])]
        lines.append(f"no room for {', '.join(named)} (--json has everything)")
    return Table(title, [Column("run"), *map(Column, kept)], rows, "\n".join(lines))


def _width(cell: str | Cell) -> int:
    from rich.cells import cell_len

    text = f"★ {cell.value}" if isinstance(cell, Cell) else cell
    return cell_len(printable(text))
