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
from kerasae.experiment import DATA

from .sections import OUTPUT, TRIALS

if TYPE_CHECKING:
    from kerasae.data.image_data import ImageData
    from kerasae.data.image_folder import Say
    from kerasae.experiment import Experiment
    from kerasae.image_model import ImageModel
    from kerasae.inference.model_inputs import ModelInputs
    from kerasae.runs.run import Run

_SKIPPED_SHOWN = 10

SkipBad = Annotated[
    bool,
    typer.Option(
        "--skip-bad",
        help="Leave out pictures that cannot be read, instead of stopping.",
        rich_help_panel=DATA,
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        envvar="KERASAE_DATA_DIR",
        help="Folder with the data set's npz or IDX files, in place of a download.",
        rich_help_panel=DATA,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON and nothing else.", rich_help_panel=OUTPUT)
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.", rich_help_panel=OUTPUT)]
Jobs = Annotated[
    int | None,
    typer.Option(
        help="Trials trained at once, each in a process of one thread; default: one per core.",
        rich_help_panel=TRIALS,
    ),
]
CodeLayer = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Layer whose output is the code; default: the narrowest."),
]
Inputs = Annotated[
    list[Path],
    typer.Argument(
        metavar="INPUT",
        help="Pictures, folders of pictures, npy, npz, CSV or IDX files, or mnist5k.",
    ),
]
Part = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Which images of a file with several parts: train, validation, test or all.",
        rich_help_panel=DATA,
    ),
]


@dataclasses.dataclass(frozen=True)
class Loading:
    """How a data set is found and read."""

    data_dir: DataDir = None
    skip_bad: SkipBad = False

    def data_of(
        self, run: Run, given: Mapping[str, Any] | None = None, say: Say = lambda doing: None
    ) -> ImageData:
        """Loads the images of a run from wherever they are, or those of the settings given."""
        from kerasae.runs.run_data import run_data

        data = run_data(run, self.data_dir, given, skip_bad=self.skip_bad, say=say)
        return _told(data, dataclasses.replace(run.experiment, **given or {}))

    def data(self, experiment: Experiment, say: Say = lambda doing: None) -> ImageData:
        """Loads an experiment's images, and tells what they were understood to be."""
        from kerasae.data.datasets import experiment_data

        data = experiment_data(experiment, self.data_dir, skip_bad=self.skip_bad, say=say)
        return _told(data, experiment)

    def data_again(self, folder: Path, experiment: Experiment, say: Say) -> ImageData:
        """Loads the images of what is resumed, which may have been begun elsewhere."""
        from kerasae.runs.run import Run

        data = self.data_of(Run.of(folder, experiment=experiment), say=say)
        return dataclasses.replace(data, name=experiment.dataset)

    def inputs(self, paths: Sequence[Path], run: Run, part: str) -> ModelInputs:
        """Finds the images that paths name, to be read as those that a run was trained on."""
        from kerasae.inference.model_inputs import ModelInputs

        white = None if run.record is None else run.record.white
        return ModelInputs(
            paths, skip_bad=self.skip_bad, part=part, white=white, data_dir=self.data_dir
        )


@dataclasses.dataclass(frozen=True)
class Saving:
    """Where a command that trains leaves what it makes."""

    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="New folder for the results; default: one in artifacts/.",
            rich_help_panel=OUTPUT,
        ),
    ] = None
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Continue an interrupted run in its folder, with its settings.",
            rich_help_panel=OUTPUT,
        ),
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
        bool,
        typer.Option(
            "--tensorboard",
            help="Write logs for TensorBoard (needs kerasae[tensorboard]).",
            rich_help_panel=OUTPUT,
        ),
    ] = False
    mlflow: Annotated[
        bool,
        typer.Option(
            "--mlflow",
            help="Log finished runs to MLflow (needs kerasae[mlflow]).",
            rich_help_panel=OUTPUT,
        ),
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

    path: Annotated[str, typer.Argument(metavar="MODEL", help="Folder of a run, or a .keras file.")]
    trust_model: Annotated[
        bool,
        typer.Option(
            "--trust-model", help="Open a model with custom layers, whose code then runs."
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
            help="Range of the model's pixels: 0-1 (default), 0-255, -1-1; two for in- and output.",
        ),
    ] = None

    def used(self, run: Run, code_layer: str | None = None) -> ImageModel:
        """Returns the model of a run, or of a file, for images."""
        from kerasae.image_model import ImageModel

        # That of a run's folder works in [0, 1].
        default = None if run.folder is None else "0-1"
        return ImageModel(run.model, self.model_range or default, code_layer)


def tell_inputs(inputs: ModelInputs) -> None:
    """Tells which files were left out, and what was taken otherwise than it stands there."""
    tell_skipped(inputs.skipped)
    _tell(inputs.notes)


def _told(data: ImageData, experiment: Experiment) -> ImageData:
    from kerasae.data.named_sets import DATASETS

    tell_skipped(data.skipped)
    if data.name not in DATASETS:
        _tell([*data.notes, f"{data.title}: {data.counts(experiment.validation_split)}"])
    return data


def _tell(lines: Sequence[str]) -> None:
    for line in lines:
        print(f"kerasae: {printable(line)}", file=sys.stderr)


def tell_skipped(lines: Sequence[str]) -> None:
    """Tells which pictures were left out, the first of them by name."""
    more = [f"{len(lines) - _SKIPPED_SHOWN:,} more"] if len(lines) > _SKIPPED_SHOWN else []
    for line in [*lines[:_SKIPPED_SHOWN], *more]:
        print(f"kerasae: left out: {printable(line)}", file=sys.stderr)
