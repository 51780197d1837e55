"""Options that commands share, each declared once, and how their lists are read."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from kerasae.errors import InvalidSetting
from kerasae.experiment import (
    ACTIVATIONS,
    ARCHITECTURES,
    LOSSES,
    OPTIMIZERS,
    SHORTCUTS,
    architecture_name,
)

Number = TypeVar("Number", int, float)
NONE = "none"

Dataset = Annotated[str, typer.Option(help="mnist, fashion_mnist, or mnist5k (no download).")]
DataDir = Annotated[
    Path | None,
    typer.Option(envvar="KERASAE_DATA_DIR", help="Folder with the data set's npz or IDX files."),
]
HiddenDims = Annotated[
    list[str] | None,
    typer.Option(help="Widths of one network, such as 512,256; repeat for more networks."),
]
Shortcut = Annotated[
    str, typer.Option(help=f"Linear path beside the stack: {', '.join(SHORTCUTS)} or {NONE}.")
]
Activation = Annotated[str, typer.Option(help=f"One of {', '.join(ACTIVATIONS)}.")]
Optimizer = Annotated[str, typer.Option(help=f"One of {', '.join(OPTIMIZERS)}.")]
Loss = Annotated[str, typer.Option(help=f"One of {', '.join(LOSSES)}.")]
L1 = Annotated[float, typer.Option("--l1", help="Weight λ of the L1 penalty on the code (Lasso).")]
Dropout = Annotated[float, typer.Option(help="Dropout rate after each hidden layer, in [0, 1).")]
Shift = Annotated[int, typer.Option(help="Augmentation: shift images by up to so many pixels.")]
Epochs = Annotated[int | None, typer.Option(help="Default: the report's, by data set.")]
BatchSize = Annotated[int, typer.Option(help="Images per step.")]
LearningRate = Annotated[float, typer.Option(help="Peak of the warm-up and cosine schedule.")]
ValidationSplit = Annotated[
    float, typer.Option(help="Share of the training images held out; 0 trains on all.")
]
Patience = Annotated[
    int | None, typer.Option(help="Stop after so many epochs without a better validation MSE.")
]
Jobs = Annotated[int | None, typer.Option(help="Processes; default: one per core.")]
Out = Annotated[Path | None, typer.Option(help="Default: a new folder in artifacts/.")]
TensorBoard = Annotated[bool, typer.Option(help="Log for TensorBoard.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, nothing else.")]
Quiet = Annotated[bool, typer.Option(help="No progress.")]


def optional(text: str) -> str | None:
    """Reads an option for which `none` means that there is none."""
    return None if text == NONE else text


def new_folder(kind: str, dataset: str) -> Path:
    """Names a folder of its own for what a command leaves."""
    stamp = datetime.datetime.now().strftime("%Y-%m-%d-%H%M%S")
    return Path("artifacts") / f"{kind}-{dataset}-{stamp}"


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
            "hidden_dims",
            ",".join(map(str, strange[0])),
            f"widths of {architectures} (basic has one, extended two), or no --architectures",
        )
    given = {name: [d for d in widths if architecture_name(d) == name] for name in names}
    return tuple(dims for name in names for dims in given[name] or [ARCHITECTURES[name]])
