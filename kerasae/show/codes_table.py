"""How well codes tell classes apart, in a table."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence

from kerasae.code_worth import CodeWorth
from kerasae.show.table import Cell, Column, Table


def codes_table(worths: Mapping[str, Sequence[CodeWorth]], pca: Mapping[int, CodeWorth]) -> Table:
    """Lays out what codes are worth.

    Args:
        worths: That of each network's codes, one for each seed, by the network's name.
        pca: That of PCA's codes by their size.

    Returns:
        A table with a row for each, in which values are means over the seeds.
    """
    rows: list[list[object]] = [
        [name, *map(statistics.fmean, zip(*map(dataclasses.astuple, ones), strict=True))]
        for name, ones in worths.items()
    ]
    rows += [
        [Cell(value, "dim") for value in (f"PCA {numbers}", *dataclasses.astuple(one))]
        for numbers, one in sorted(pca.items())
    ]
    columns = [
        Column("codes of"), Column("5 nearest", ".4f"), Column("linear", ".4f"),
        Column("purity", ".4f"),
    ]  # fmt: skip
    note = "accuracy on the test images; purity of as many clusters as classes"
    return Table("How well the codes tell classes apart", columns, rows, note)
