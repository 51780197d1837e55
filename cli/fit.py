"""`kerasae fit`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasae.errors import ArtifactError, InvalidSetting
from kerasae.experiment import Experiment
from kerasae.presets import PRESETS, preset

from . import options as o
from .defaults import plain
from .resuming import data_words, folder_to_use, resumable, trackers

if TYPE_CHECKING:
    from rich.table import Table

    from kerasae.data.image_data import ImageData
    from kerasae.pca import PCA


def fit(
    preset_name: Annotated[
        str | None, typer.Option("--preset", help=f"Start from {', '.join(PRESETS)}.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="As for sweep.")] = None,
    image_size: o.ImageSize = None,
    grayscale: o.Grayscale = False,
    skip_bad: o.SkipBad = False,
    architecture: o.Architecture = None,
    hidden_dims: o.HiddenDims = None,
    latent_dim: o.LatentDim = None,
    shortcut: o.Shortcut = None,
    activation: o.Activation = None,
    l1: o.L1 = None,
    dropout: o.Dropout = None,
    shift: o.Shift = None,
    epochs: o.Epochs = None,
    batch_size: o.BatchSize = None,
    learning_rate: o.LearningRate = None,
    optimizer: o.Optimizer = None,
    weight_decay: o.WeightDecay = None,
    loss: o.Loss = None,
    validation_split: o.ValidationSplit = None,
    patience: o.Patience = None,
    seed: o.Seed = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Default: all; 1 gives the same bits everywhere."),
    ] = None,
    out: o.Out = None,
    resume: o.Resume = None,
    data_dir: o.DataDir = None,
    tensorboard: o.TensorBoard = False,
    mlflow: o.MLflow = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Train one autoencoder and save it with its scores."""
    from kerasae.runs.reading import read_experiment

    begun = read_experiment(resume) if resume is not None else None
    name = dataset or Experiment.dataset
    base = begun or plain(name)
    if preset_name:
        base = preset(preset_name)
    experiment = o.experiment(
        base,
        dataset=dataset,
        image_size=image_size,
        grayscale=grayscale or None,
        architecture=architecture,
        hidden_dims=hidden_dims,
        latent_dim=latent_dim,
        shortcut=shortcut,
        activation=activation,
        l1=l1,
        dropout=dropout,
        shift=shift,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        optimizer=optimizer,
        weight_decay=weight_decay,
        loss=loss,
        validation_split=validation_split,
        patience=patience,
        seed=seed,
    )
    from kerasae.data.image_data import validation_rows
    from kerasae.files.owned_folder import owned

    if begun is not None:
        _check_same(begun, experiment)
    o.check_trackers(tensorboard, mlflow)
    data = o.load_data(experiment, data_dir, skip_bad)
    rows, _ = validation_rows(len(data.train), experiment.validation_split)
    experiment.check_fits(len(rows))
    folder = folder_to_use(out, resume, o.new_folder("fit", data.title))
    again = [
        *("fit", "--resume", str(folder)),
        *data_words(data_dir, skip_bad),
        *(["--threads", str(threads)] if threads is not None else []),
        *trackers(tensorboard, mlflow),
    ]
    with owned(folder, resume=resume is not None), resumable(*again):
        metrics, pca = _run(experiment, data, folder, threads, tensorboard, quiet)
        if mlflow:
            from kerasae.show.mlflow_log import log_run

            log_run(folder)
    _show(experiment, metrics, pca, data, folder, as_json)


def _check_same(begun: Experiment, experiment: Experiment) -> None:
    """Checks that a fit goes on with its own settings, and with as many epochs or more."""
    from kerasae.identity import differences

    changed = differences(begun.to_dict(), experiment.to_dict())
    if experiment.epochs > begun.epochs:
        changed = [text for text in changed if not text.startswith("epochs:")]
    if changed:
        raise ArtifactError(
            f"the fit was begun with other settings ({'; '.join(changed)}); resume with the same "
            f"ones and as many epochs or more, or choose another --out"
        )


def _run(
    experiment: Experiment,
    data: ImageData,
    folder: Path,
    threads: int | None,
    tensorboard: bool,
    quiet: bool,
) -> tuple[dict[str, Any], PCA]:
    """Trains what is not trained yet; returns the scores, and PCA to set beside them."""
    from kerasae.data.image_data import validation_rows
    from kerasae.files import whole_files
    from kerasae.identity import Identity
    from kerasae.pca import fit_pca
    from kerasae.runs import run_files
    from kerasae.runtime import start_tensorflow
    from kerasae.training.checkpoints import Checkpoints

    rows, _ = validation_rows(len(data.train), experiment.validation_split)
    finished = _finished(folder, experiment)
    pca = fit_pca(data.train, experiment.latent_dim, rows)
    if finished is not None:
        return finished, pca
    whole_files.write_json(folder / run_files.EXPERIMENT, experiment.to_dict())
    start_tensorflow(threads)
    from kerasae.training.train import train

    from .progress import EpochProgress

    checkpoints = Checkpoints(folder, Identity(experiment, data.checksums()), more_epochs=True)
    with EpochProgress(experiment.epochs, silent=quiet) as progress:
        run = train(
            experiment,
            data,
            pca=pca,
            on_epoch=progress.show,
            tensorboard=folder / "tensorboard" if tensorboard else None,
            checkpoints=checkpoints,
        )
    run_files.save_run(folder, experiment, run)
    # The last one is what more epochs would go on from.
    checkpoints.clear(keep=1)
    return run.metrics, pca


def _finished(folder: Path, experiment: Experiment) -> dict[str, Any] | None:
    """Returns the scores of a fit that is done; makes one that gets more epochs unfinished."""
    from kerasae.files import whole_files
    from kerasae.runs import run_files
    from kerasae.runs.reading import read_experiment

    path = folder / run_files.METRICS
    if not path.is_file():
        return None
    metrics: dict[str, Any] = whole_files.read_json(path)
    planned = read_experiment(folder).epochs
    if planned == experiment.epochs:
        return metrics
    if metrics["epochs"] < planned:
        raise InvalidSetting(
            "epochs", experiment.epochs, f"{planned}: the fit has ended by its patience"
        )
    if not any(folder.glob("checkpoint-*")):
        raise ArtifactError(f"{folder}: holds no checkpoint to go on from; choose another --out")
    path.unlink()
    return None


def _show(
    experiment: Experiment,
    metrics: dict[str, Any],
    pca: PCA,
    data: ImageData,
    folder: Path,
    as_json: bool,
) -> None:
    pca_mse = pca.mse(data.test, [experiment.latent_dim])[experiment.latent_dim]
    if as_json:
        print(json.dumps({"folder": str(folder), "pca_test_mse": pca_mse, **metrics}))
        return
    from rich.console import Console

    from kerasae.show.terminal import escape

    console = Console()
    console.print(_table(experiment, metrics, pca_mse))
    console.print(f"Saved in {escape(str(folder))}", highlight=False, soft_wrap=True)


def _table(experiment: Experiment, metrics: dict[str, Any], pca_mse: float) -> Table:
    from rich.table import Table

    from kerasae.data.image_data import short_name

    widths = "-".join(map(str, (*experiment.hidden_dims, experiment.latent_dim)))
    table = Table(title=f"{short_name(experiment.dataset)}, {experiment.architecture} {widths}")
    table.add_column("")
    table.add_column("MSE", justify="right")
    table.add_column("PSNR (dB)", justify="right")
    for label, part in (("train", "train"), ("validation", "val"), ("test", "test")):
        if metrics[f"{part}_mse"] is not None:
            loses = part == "test" and metrics["test_mse"] > pca_mse
            table.add_row(
                f"[yellow]▼ {label}[/yellow]" if loses else label,
                f"{metrics[f'{part}_mse']:.5f}",
                f"{metrics[f'{part}_psnr']:.2f}",
            )
    table.add_row("PCA, test", f"{pca_mse:.5f}", "", style="dim")
    rate = f"{metrics['images_per_second']:,.0f} images/s"
    table.caption = f"{metrics['epochs']} epochs in {metrics['seconds']:.0f} s, {rate}"
    if metrics["test_mse"] > pca_mse:
        table.caption += "\n▼ loses to PCA (outputs clipped to [0, 1])"
    return table
