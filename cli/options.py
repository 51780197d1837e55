"""Options that are no settings of an experiment, in groups that commands share."""

from __future__ import annotations

import dataclasses
import datetime
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasae.errors import InvalidSetting, printable

if TYPE_CHECKING:
    from kerasae.data.image_data import ImageData
    from kerasae.experiment import Experiment
    from kerasae.image_model import ImageModel
    from kerasae.runs.run import Run

_SKIPPED_SHOWN = 10

SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out pictures that cannot be read.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(envvar="KERASAE_DATA_DIR", help="Folder with the data set's npz or IDX files."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, nothing else.")]
Quiet = Annotated[bool, typer.Option(help="No progress.")]
Jobs = Annotated[int | None, typer.Option(help="Processes; default: one per core.")]
CodeLayer = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Layer whose output is the code; default: the narrowest."),
]
Inputs = Annotated[
    list[Path], typer.Argument(help="Pictures, folders of them, or npy, npz and IDX files.")
]


@dataclasses.dataclass(frozen=True)
class Loading:
    """How a data set is found and read."""

    data_dir: DataDir = None
    skip_bad: SkipBad = False

    def data_of(self, run: Run, given: Mapping[str, Any] | None = None) -> ImageData:
        """Loads the images of a run from wherever they are, or those of the settings given."""
        from kerasae.runs.run_data import run_data

        data = run_data(run, self.data_dir, given, skip_bad=self.skip_bad)
        tell_skipped(data.skipped)
        return data

    def data(self, experiment: Experiment) -> ImageData:
        """Loads an experiment's images, and tells which pictures were left out."""
        from kerasae.data.datasets import experiment_data

        data = experiment_data(experiment, self.data_dir, skip_bad=self.skip_bad)
        tell_skipped(data.skipped)
        return data


@dataclasses.dataclass(frozen=True)
class Saving:
    """Where a command that trains leaves what it makes."""

    out: Annotated[Path | None, typer.Option(help="Default: a new folder in artifacts/.")] = None
    resume: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Go on with what was begun in this folder.")
    ] = None

    def folder(self, kind: str, dataset: str) -> Path:
        """Returns the folder that was asked for, or names one of its own.

        Raises:
            InvalidSetting: If there are two of them.
        """
        if self.out is not None and self.resume is not None:
            expected = "none with --resume, which goes on in its folder"
            raise InvalidSetting("out", str(self.out), expected)
        stamp = datetime.datetime.now().strftime("%Y-%m-%d-%H%M%S")
        return self.resume or self.out or Path("artifacts") / f"{kind}-{dataset}-{stamp}"


@dataclasses.dataclass(frozen=True)
class Tracking:
    """What logs runs beside their folders."""

    tensorboard: Annotated[
        bool, typer.Option(help="Log for TensorBoard (kerasae[tensorboard]).")
    ] = False
    mlflow: Annotated[
        bool, typer.Option("--mlflow", help="Log what is finished to MLflow (kerasae[mlflow]).")
    ] = False

    def check(self) -> None:
        """Checks, before anything is trained, that what is to log it is installed.

        Raises:
            MissingExtra: If it is not.
        """
        from kerasae.extras import need

        for name, wanted in dataclasses.asdict(self).items():
            if wanted:
                need(name, name)


@dataclasses.dataclass(frozen=True)
class Model:
    """A trained model, and whether its layers are trusted unseen."""

    path: Annotated[str, typer.Argument(metavar="model", help="Folder of a run, or a .keras file.")]
    trust_model: Annotated[
        bool,
        typer.Option(
            "--trust-model",
            help="Accept layers that are not known to be harmless; their code then runs.",
        ),
    ] = False

    def open(self) -> Run:
        """Opens it, and says so where its layers are trusted."""
        from kerasae.runs.saved_models import open_run

        if self.trust_model:
            trusted = "its layers are trusted, whatever code they run (--trust-model)"
            print(f"kerasae: {printable(self.path)}: {trusted}", file=sys.stderr)
        return open_run(self.path, trust=self.trust_model)


@dataclasses.dataclass(frozen=True)
class ImageModelOptions(Model):
    """Anybody's reconstruction model, and what its pixels are."""

    model_range: Annotated[
        str | None,
        typer.Option(
            metavar="RANGE",
            help="Pixels of the model: 0-1 (default), 0-255, -1-1, or two: of in- and outputs.",
        ),
    ] = None

    def used(self, run: Run, code_layer: str | None = None) -> ImageModel:
        """Returns the model of a run, or of a file, for images."""
        from kerasae.image_model import ImageModel

        # That of a run's folder works in [0, 1].
        default = None if run.folder is None else "0-1"
        return ImageModel(run.model, self.model_range or default, code_layer)


def tell_skipped(lines: Sequence[str]) -> None:
    """Tells which pictures were left out, the first of them by name."""
    more = [f"{len(lines) - _SKIPPED_SHOWN:,} more"] if len(lines) > _SKIPPED_SHOWN else []
    for line in [*lines[:_SKIPPED_SHOWN], *more]:
        print(f"kerasae: left out: {line}", file=sys.stderr)
