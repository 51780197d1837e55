"""Options that commands share, and how their lists are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from kerasae.errors import InvalidSetting
from kerasae.experiment import ARCHITECTURES, architecture_name

Number = TypeVar("Number", int, float)

Dataset = Annotated[str, typer.Option(help="mnist, fashion_mnist, or mnist5k (no download).")]
DataDir = Annotated[
    Path | None,
    typer.Option(envvar="KERASAE_DATA_DIR", help="Folder with the data set's npz or IDX files."),
]
HiddenDims = Annotated[
    list[str] | None,
    typer.Option(help="Widths of one network, such as 512,256; repeat for more networks."),
]


def numbers(name: str, text: str, kind: Callable[[str], Number]) -> tuple[Number, ...]:
    """Reads a comma-separated list of numbers.

    Raises:
        InvalidSetting: If a part is not a number, or there is none.
    """
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        what = "whole numbers" if kind is int else "numbers"
        raise InvalidSetting(name, text, f"{what} separated by commas") from None


def networks(
    architectures: str | None, hidden_dims: list[str] | None
) -> tuple[tuple[int, ...], ...]:
    """Puts together the networks that `--architectures` and `--hidden-dims` ask for.

    The number of widths tells the architecture: one is `basic`, two `extended`. A named
    architecture without widths of its own gets its default widths.
    """
    widths = [numbers("hidden_dims", text, int) for text in hidden_dims or []]
    if architectures is None:
        return tuple(widths) or tuple(ARCHITECTURES.values())
    names = architectures.split(",")
    unknown = [name for name in names if name not in ARCHITECTURES]
    if unknown or len(set(names)) != len(names):
        raise InvalidSetting("architectures", architectures, "basic, extended or basic,extended")
    strange = [dims for dims in widths if architecture_name(dims) not in names]
    if strange:
        raise InvalidSetting(
            "hidden_dims", ",".join(map(str, strange[0])), f"widths of {architectures} "
            "(basic has one, extended two), or no --architectures",
        )  # fmt: skip
    given = {name: [d for d in widths if architecture_name(d) == name] for name in names}
    return tuple(dims for name in names for dims in given[name] or [ARCHITECTURES[name]])
