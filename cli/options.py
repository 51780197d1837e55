"""Options that commands share and that are no settings of an experiment."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kerasae.data.image_data import ImageData
    from kerasae.experiment import Experiment
    from kerasae.runs.run import Run

_SKIPPED_SHOWN = 10

SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out pictures that cannot be read.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(envvar="KERASAE_DATA_DIR", help="Folder with the data set's npz or IDX files."),
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


def open_run(path: str, trust: bool) -> Run:
    """Opens a model, and says so where its layers are trusted unseen."""
    from kerasae.errors import printable
    from kerasae.runs.saved_models import open_run as opened

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
