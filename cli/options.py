"""Options that commands share, each declared once, and how their lists are read."""

from __future__ import annotations

import dataclasses
import datetime
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from kerasae.errors import InvalidSetting
from kerasae.experiment import (
    ACTIVATIONS,
    ARCHITECTURES,
    LOSSES,
    OPTIMIZERS,
    SHORTCUTS,
    Experiment,
    architecture_name,
)

if TYPE_CHECKING:
    from kerasae.data.image_data import ImageData
    from kerasae.runs.saved_models import SavedModel

Number = TypeVar("Number", int, float)
NONE = "none"
_SKIPPED_SHOWN = 10


Dataset = Annotated[
    str,
    typer.Option(help="mnist, fashion_mnist, mnist5k (no download), or the path of your images."),
]
ImageSize = Annotated[
    str | None,
    typer.Option(metavar="WIDTHxHEIGHT", help="Convert your images to a size, such as 64x64."),
]
Grayscale = Annotated[bool, typer.Option("--grayscale", help="Convert your images to grayscale.")]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out pictures that cannot be read.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(envvar="KERASAE_DATA_DIR", help="Folder with the data set's npz or IDX files."),
]
Architecture = Annotated[
    str | None, typer.Option(help=f"{' or '.join(ARCHITECTURES)}: its default widths.")
]
HiddenDims = Annotated[
    str | None,
    typer.Option(help="Widths from the image to the code."),
]
ManyHiddenDims = Annotated[
    list[str] | None,
    typer.Option(
        "--hidden-dims", help="Widths of one network, such as 512,256; repeat for more networks."
    ),
]
LatentDim = Annotated[int | None, typer.Option(help="Size of the code.")]
Shortcut = Annotated[
    str | None,
    typer.Option(
        help=f"Linear path beside the stack: {', '.join(SHORTCUTS)} or {NONE}.",
    ),
]
Activation = Annotated[
    str | None,
    typer.Option(help=f"One of {', '.join(ACTIVATIONS)}."),
]
Optimizer = Annotated[
    str | None,
    typer.Option(help=f"One of {', '.join(OPTIMIZERS)}."),
]
Loss = Annotated[str | None, typer.Option(help=f"One of {', '.join(LOSSES)}.")]
L1 = Annotated[
    float | None,
    typer.Option("--l1", help="Weight λ of the L1 penalty on the code (Lasso)."),
]
Dropout = Annotated[
    float | None,
    typer.Option(help="Rate after each hidden layer, in [0, 1)."),
]
Shift = Annotated[
    int | None,
    typer.Option(help="Augmentation: shift by up to so many pixels."),
]
Epochs = Annotated[int | None, typer.Option(help="Passes; the default is MNIST's.")]
BatchSize = Annotated[int | None, typer.Option(help="Images per step.")]
LearningRate = Annotated[
    float | None,
    typer.Option(help="Peak of the warm-up and cosine schedule."),
]
WeightDecay = Annotated[
    float | None,
    typer.Option(help="Decoupled; long trainings want 0.1 to 0.3."),
]
ValidationSplit = Annotated[
    float | None,
    typer.Option(
        help="Share of the training images held out; 0 trains on all.",
    ),
]
Patience = Annotated[
    int | None, typer.Option(help="Stop after so many epochs without a better validation MSE.")
]
Seed = Annotated[
    int | None,
    typer.Option(help="Of weights, order, Dropout and noise."),
]
Jobs = Annotated[int | None, typer.Option(help="Processes; default: one per core.")]
Out = Annotated[Path | None, typer.Option(help="Default: a new folder in artifacts/.")]
Resume = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Go on with what was begun in this folder.")
]
TensorBoard = Annotated[bool, typer.Option(help="Log for TensorBoard (kerasae[tensorboard]).")]
MLflow = Annotated[
    bool, typer.Option("--mlflow", help="Log what is finished to MLflow (kerasae[mlflow]).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, nothing else.")]
Model = Annotated[str, typer.Argument(help="Folder of a run, or a .keras file.")]
Inputs = Annotated[
    list[Path], typer.Argument(help="Pictures, folders of them, or npy, npz and IDX files.")
]
TrustModel = Annotated[
    bool,
    typer.Option(
        "--trust-model",
        help="Accept layers that are not known to be harmless; their code then runs.",
    ),
]
Quiet = Annotated[bool, typer.Option(help="No progress.")]


def experiment(base: Experiment, **given: Any) -> Experiment:
    """Returns `base` with the settings that the command line gave; `None` was not given.

    `architecture` stands for its default widths; `hidden_dims` is a comma-separated list.

    Raises:
        InvalidSetting: If a setting is out of range.
    """
    settings = {name: value for name, value in given.items() if value is not None}
    architecture = settings.pop("architecture", None)
    if architecture is not None and architecture not in ARCHITECTURES:
        raise InvalidSetting("architecture", architecture, " or ".join(ARCHITECTURES))
    if "hidden_dims" in settings:
        settings["hidden_dims"] = numbers("hidden_dims", settings["hidden_dims"], int)
        if architecture not in (None, architecture_name(settings["hidden_dims"])):
            raise InvalidSetting(
                "hidden_dims", given["hidden_dims"], f"the widths of {architecture}"
            )
    elif architecture is not None:
        settings["hidden_dims"] = ARCHITECTURES[architecture]
    if "image_size" in settings:
        settings["image_size"] = height_and_width(settings["image_size"])
    if settings.get("shortcut") == NONE:
        settings["shortcut"] = None
    return dataclasses.replace(base, **settings)


def height_and_width(text: str) -> tuple[int, int]:
    """Reads a size that is given as people write it, with the width first.

    Raises:
        InvalidSetting: If it is none.
    """
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text, re.ASCII)
    if match is None:
        raise InvalidSetting("image_size", text, "a width and a height, such as 64x64")
    return int(match[2]), int(match[1])


def load_data(experiment: Experiment, data_dir: Path | None, skip_bad: bool) -> ImageData:
    """Loads an experiment's images, and tells which pictures were left out."""
    from kerasae.data.datasets import experiment_data

    data = experiment_data(experiment, data_dir, skip_bad=skip_bad)
    tell_skipped(data.skipped)
    return data


def tell_skipped(lines: Sequence[str]) -> None:
    """Tells which pictures were left out, the first of them by name."""
    for line in lines[:_SKIPPED_SHOWN]:
        print(f"kerasae: left out: {line}", file=sys.stderr)
    if len(lines) > _SKIPPED_SHOWN:
        more = len(lines) - _SKIPPED_SHOWN
        print(f"kerasae: left out: {more:,} more", file=sys.stderr)


def check_trackers(tensorboard: bool, mlflow: bool) -> None:
    """Checks, before anything is trained, that what is to log it is installed.

    Raises:
        MissingExtra: If it is not.
    """
    from kerasae.extras import need

    if tensorboard:
        need("tensorboard", "tensorboard")
    if mlflow:
        need("mlflow", "mlflow")


def open_model(path: str, trust: bool) -> SavedModel:
    """Opens a model, and says so where its layers are trusted unseen."""
    from kerasae.errors import printable
    from kerasae.runs.saved_models import open_model as opened

    if trust:
        print(
            f"kerasae: {printable(path)}: its layers are trusted, whatever code they run "
            "(--trust-model)",
            file=sys.stderr,
        )
    return opened(path, trust=trust)


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
