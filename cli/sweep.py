"""`kerasae sweep`."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasae.errors import InvalidSetting
from kerasae.experiment import Experiment

from . import options as o
from .defaults import plain
from .resuming import data_words, folder_to_use, resumable, trackers

if TYPE_CHECKING:
    from kerasae.trials.sweeps import SweepResult


def sweep(
    dataset: Annotated[
        str | None,
        typer.Option(
            help="mnist, fashion_mnist, mnist5k (no download), or the path of your images."
        ),
    ] = None,
    image_size: o.ImageSize = None,
    grayscale: o.Grayscale = False,
    skip_bad: o.SkipBad = False,
    latent_dims: Annotated[str | None, typer.Option(help="Latent dimensions.")] = None,
    architectures: Annotated[str | None, typer.Option(help="basic,extended or one.")] = None,
    hidden_dims: o.ManyHiddenDims = None,
    shortcut: o.Shortcut = None,
    epochs: o.Epochs = None,
    seeds: Annotated[int | None, typer.Option(help="Number of seeds, from 0.")] = None,
    learning_rates: Annotated[str | None, typer.Option(help="Peak learning rates.")] = None,
    batch_size: o.BatchSize = None,
    optimizer: o.Optimizer = None,
    weight_decay: o.WeightDecay = None,
    loss: o.Loss = None,
    activation: o.Activation = None,
    l1: o.L1 = None,
    dropout: o.Dropout = None,
    shift: o.Shift = None,
    validation_split: o.ValidationSplit = None,
    patience: o.Patience = None,
    early_stop: Annotated[
        str | None, typer.Option(help="halving: stop the weaker half at 1/4 and 1/2 of the epochs.")
    ] = None,
    keep: Annotated[str, typer.Option(help="Models to keep: best, all or their number.")] = "all",
    jobs: o.Jobs = None,
    executor: Annotated[
        str, typer.Option(help="processes, serial or ray; see docs/distributed.md.")
    ] = "processes",
    ray_address: Annotated[
        str | None, typer.Option(help="auto or host:port; default: start Ray on this machine.")
    ] = None,
    gpus_per_trial: Annotated[float, typer.Option(help="With ray; may be a fraction.")] = 0.0,
    out: o.Out = None,
    resume: o.Resume = None,
    data_dir: o.DataDir = None,
    tensorboard: o.TensorBoard = False,
    mlflow: o.MLflow = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Train a grid of autoencoders beside PCA and the report."""
    from kerasae.trials.make_executor import make_executor
    from kerasae.trials.sweeps import Sweep, read_sweep, run_sweep

    from .progress import TrialsProgress

    begun = read_sweep(resume) if resume is not None else None
    name = dataset or Experiment.dataset
    base = o.experiment(
        begun.base if begun else plain(name),
        dataset=dataset,
        image_size=image_size,
        grayscale=grayscale or None,
        shortcut=shortcut,
        epochs=epochs,
        batch_size=batch_size,
        optimizer=optimizer,
        weight_decay=weight_decay,
        loss=loss,
        activation=activation,
        l1=l1,
        dropout=dropout,
        shift=shift,
        validation_split=validation_split,
        patience=patience,
    )
    grid = _grid(architectures, hidden_dims, latent_dims, learning_rates, seeds)
    plan = dataclasses.replace(begun or Sweep(base), base=base, **grid)
    run_with = make_executor(executor, jobs, ray_address=ray_address, gpus_per_trial=gpus_per_trial)
    halving = _is_halving(early_stop, resume)
    kept = _kept(keep)
    o.check_trackers(tensorboard, mlflow)
    data = o.load_data(base, data_dir, skip_bad)
    folder = folder_to_use(out, resume, o.new_folder("sweep", data.title))
    again = [
        *("sweep", "--resume", str(folder)),
        *data_words(data_dir, skip_bad),
        *(["--jobs", str(jobs)] if jobs is not None else []),
        *(["--executor", executor] if executor != "processes" else []),
        *(["--ray-address", ray_address] if ray_address is not None else []),
        *(["--gpus-per-trial", str(gpus_per_trial)] if gpus_per_trial else []),
        *(["--keep", keep] if kept is not None else []),
        *trackers(tensorboard, mlflow),
    ]
    with TrialsProgress("sweep", len(plan.trials()), silent=quiet) as progress, resumable(*again):
        result = run_sweep(
            plan,
            data,
            folder,
            executor=run_with,
            tensorboard=tensorboard,
            on_event=progress.show,
            resume=resume is not None,
            keep=kept,
            halving=halving,
        )
    if len(result.errors) < len(result.rows):
        # After the input was accepted: drawing takes a second to import.
        from kerasae.files import whole_files
        from kerasae.runs import run_files
        from kerasae.show.sweep_figure import sweep_figure

        figure = sweep_figure(result, data.name)
        whole_files.save_with(folder / run_files.FIGURE, figure.savefig)
    if mlflow:
        from kerasae.show.mlflow_log import log_sweep

        log_sweep(folder)
    _show(result, base.dataset, folder, as_json)


def _grid(
    architectures: str | None,
    hidden_dims: list[str] | None,
    latent_dims: str | None,
    learning_rates: str | None,
    seeds: int | None,
) -> dict[str, Any]:
    """Reads the lists that the command line gave; a sweep keeps its own for the others."""
    grid: dict[str, Any] = {}
    if architectures is not None or hidden_dims:
        grid["networks"] = o.networks(architectures, hidden_dims)
    if latent_dims is not None:
        grid["latent_dims"] = o.numbers("latent_dims", latent_dims, int)
    if learning_rates is not None:
        grid["learning_rates"] = o.numbers("learning_rates", learning_rates, float)
    if seeds is not None:
        grid["seeds"] = seeds
    return grid


def _is_halving(early_stop: str | None, resume: Path | None) -> bool:
    from kerasae.trials.sweeps import HALVING, read_early_stop

    if early_stop not in (None, HALVING):
        raise InvalidSetting("early_stop", early_stop, HALVING)
    if early_stop is None and resume is not None:
        early_stop = read_early_stop(resume)
    return early_stop == HALVING


def _kept(keep: str) -> int | None:
    if keep == "all":
        return None
    if keep == "best":
        return 1
    if not keep.isdecimal() or int(keep) < 1:
        raise InvalidSetting("keep", keep, "best, all or a whole number of at least 1")
    return int(keep)


def _show(result: SweepResult, dataset: str, folder: Path, as_json: bool) -> None:
    from rich.console import Console

    from kerasae.show.sweep_table import sweep_table
    from kerasae.show.terminal import escape

    if as_json:
        found = {"folder": str(folder), "results": result.rows, "errors": result.errors}
        print(json.dumps(found))
    else:
        console = Console()
        console.print(sweep_table(result, dataset))
        console.print(f"Saved in {escape(str(folder))}", highlight=False, soft_wrap=True)
    for name, error in result.errors.items():
        print(f"kerasae: {name}: failed: {error}", file=sys.stderr)
    if result.errors:
        raise typer.Exit(1)
