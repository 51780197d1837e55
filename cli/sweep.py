"""`kerasae sweep`."""

from __future__ import annotations

import datetime
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from kerasae.experiment import Experiment
from kerasae.reference import REPORT_DIMS, SWEEP_EPOCHS

from .options import DataDir, Dataset, HiddenDims, networks, numbers


def sweep(
    dataset: Dataset = Experiment.dataset,
    latent_dims: Annotated[str, typer.Option(help="Latent dimensions.")] = ",".join(
        map(str, REPORT_DIMS)
    ),
    architectures: Annotated[str | None, typer.Option(help="basic,extended or one.")] = None,
    hidden_dims: HiddenDims = None,
    epochs: Annotated[int | None, typer.Option(help="Default: by data set, the report's.")] = None,
    seeds: Annotated[int, typer.Option(help="Number of seeds, from 0.")] = 1,
    learning_rates: Annotated[str, typer.Option(help="Peak learning rates.")] = str(
        Experiment.learning_rate
    ),
    batch_size: int = Experiment.batch_size,
    optimizer: str = Experiment.optimizer,
    loss: str = Experiment.loss,
    activation: str = Experiment.activation,
    l1: float = Experiment.l1,
    dropout: float = Experiment.dropout,
    validation_split: float = Experiment.validation_split,
    patience: int | None = Experiment.patience,
    jobs: Annotated[int | None, typer.Option(help="Processes; default: one per core.")] = None,
    out: Annotated[Path | None, typer.Option(help="Default: a new folder in artifacts/.")] = None,
    data_dir: DataDir = None,
    tensorboard: Annotated[bool, typer.Option(help="Log each trial for TensorBoard.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, nothing else.")] = False,
    quiet: Annotated[bool, typer.Option(help="No progress.")] = False,
) -> None:
    """Train a grid of autoencoders and set them beside PCA and the report."""
    from kerasae.sweeps import Sweep, run_sweep

    base = Experiment(
        dataset=dataset, epochs=SWEEP_EPOCHS.get(dataset, 1) if epochs is None else epochs,
        batch_size=batch_size, optimizer=optimizer, loss=loss, activation=activation, l1=l1,
        dropout=dropout, validation_split=validation_split, patience=patience,
    )  # fmt: skip
    plan = Sweep(
        base,
        networks(architectures, hidden_dims),
        numbers("latent_dims", latent_dims, int),
        numbers("learning_rates", learning_rates, float),
        seeds,
    )
    from kerasae.datasets import load_dataset

    data = load_dataset(dataset, data_dir)
    folder = out or _new_folder(dataset)

    from .progress import SweepProgress

    with SweepProgress(len(plan.trials()), silent=quiet) as progress:
        result = run_sweep(
            plan,
            data,
            folder,
            jobs=_cores() if jobs is None else jobs,
            tensorboard=tensorboard,
            on_event=progress.show,
        )
    from rich.console import Console

    from kerasae import artifacts
    from kerasae.figures import sweep_figure
    from kerasae.tables import sweep_table

    if len(result.errors) < len(result.rows):
        artifacts.save_with(folder / artifacts.FIGURE, sweep_figure(result, dataset).savefig)
    if as_json:
        print(json.dumps({"folder": str(folder), "results": result.rows, "errors": result.errors}))
    else:
        console = Console()
        console.print(sweep_table(result, dataset))
        console.print(f"Saved in {folder}", markup=False, highlight=False, soft_wrap=True)
    for name, error in result.errors.items():
        print(f"kerasae: {name}: failed: {error}", file=sys.stderr)
    if result.errors:
        raise typer.Exit(1)


def _new_folder(dataset: str) -> Path:
    stamp = datetime.datetime.now().strftime("%Y-%m-%d-%H%M%S")
    return Path("artifacts") / f"sweep-{dataset}-{stamp}"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
