"""`kerasae sweep`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasae.environment import cores
from kerasae.experiment import Experiment
from kerasae.reference import REPORT_DIMS, sweep_epochs

from . import options as o

if TYPE_CHECKING:
    from kerasae.datasets import ImageData
    from kerasae.sweeps import Sweep, SweepResult


def sweep(
    dataset: o.Dataset = Experiment.dataset,
    image_size: o.ImageSize = None,
    grayscale: o.Grayscale = False,
    skip_bad: o.SkipBad = False,
    latent_dims: Annotated[str, typer.Option(help="Latent dimensions.")] = ",".join(
        map(str, REPORT_DIMS)
    ),
    architectures: Annotated[str | None, typer.Option(help="basic,extended or one.")] = None,
    hidden_dims: o.ManyHiddenDims = None,
    shortcut: o.Shortcut = None,
    epochs: o.Epochs = None,
    seeds: Annotated[int, typer.Option(help="Number of seeds, from 0.")] = 1,
    learning_rates: Annotated[str, typer.Option(help="Peak learning rates.")] = str(
        Experiment.learning_rate
    ),
    batch_size: o.BatchSize = None,
    optimizer: o.Optimizer = None,
    loss: o.Loss = None,
    activation: o.Activation = None,
    l1: o.L1 = None,
    dropout: o.Dropout = None,
    shift: o.Shift = None,
    validation_split: o.ValidationSplit = None,
    patience: o.Patience = None,
    jobs: o.Jobs = None,
    out: o.Out = None,
    data_dir: o.DataDir = None,
    tensorboard: o.TensorBoard = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Train a grid of autoencoders and set them beside PCA and the report."""
    from kerasae.sweeps import Sweep

    base = o.experiment(
        Experiment(dataset, epochs=sweep_epochs(dataset)),
        image_size=image_size,
        grayscale=grayscale or None,
        shortcut=shortcut,
        epochs=epochs,
        batch_size=batch_size,
        optimizer=optimizer,
        loss=loss,
        activation=activation,
        l1=l1,
        dropout=dropout,
        shift=shift,
        validation_split=validation_split,
        patience=patience,
    )
    plan = Sweep(
        base,
        o.networks(architectures, hidden_dims),
        o.numbers("latent_dims", latent_dims, int),
        o.numbers("learning_rates", learning_rates, float),
        seeds,
    )
    data = o.load_data(base, data_dir, skip_bad)
    folder = out or o.new_folder("sweep", data.title)
    result = _run(plan, data, folder, cores() if jobs is None else jobs, tensorboard, quiet)
    _show(result, dataset, folder, as_json)


def _run(
    plan: Sweep, data: ImageData, folder: Path, jobs: int, tensorboard: bool, quiet: bool
) -> SweepResult:
    from kerasae import artifacts
    from kerasae.figures import sweep_figure
    from kerasae.sweeps import run_sweep

    from .progress import TrialsProgress

    with TrialsProgress("sweep", len(plan.trials()), silent=quiet) as progress:
        result = run_sweep(
            plan, data, folder, jobs=jobs, tensorboard=tensorboard, on_event=progress.show
        )
    if len(result.errors) < len(result.rows):
        figure = sweep_figure(result, data.title)
        artifacts.save_with(folder / artifacts.FIGURE, figure.savefig)
    return result


def _show(result: SweepResult, dataset: str, folder: Path, as_json: bool) -> None:
    from rich.console import Console

    from kerasae.tables import sweep_table

    if as_json:
        found = {"folder": str(folder), "results": result.rows, "errors": result.errors}
        print(json.dumps(found))
    else:
        console = Console()
        console.print(sweep_table(result, dataset))
        console.print(f"Saved in {folder}", markup=False, highlight=False, soft_wrap=True)
    for name, error in result.errors.items():
        print(f"kerasae: {name}: failed: {error}", file=sys.stderr)
    if result.errors:
        raise typer.Exit(1)
