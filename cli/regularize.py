"""`kerasae regularize`."""

from __future__ import annotations

from typing import Annotated

import typer

from kerasae.experiment import Experiment
from kerasae.presets import selected_model

from . import options as o


def regularize(
    dataset: o.Dataset = Experiment.dataset,
    image_size: o.ImageSize = None,
    grayscale: o.Grayscale = False,
    skip_bad: o.SkipBad = False,
    lambdas: Annotated[
        str | None, typer.Option(show_default="1e-6 to 1e-3", help="Weights of the L1 penalty.")
    ] = None,
    dropouts: Annotated[
        str | None, typer.Option(show_default="0.005 to 0.1", help="Dropout rates.")
    ] = None,
    architecture: o.Architecture = None,
    hidden_dims: o.HiddenDims = None,
    latent_dim: o.LatentDim = None,
    shortcut: o.Shortcut = None,
    activation: o.Activation = None,
    epochs: o.Epochs = None,
    batch_size: o.BatchSize = None,
    learning_rate: o.LearningRate = None,
    validation_split: o.ValidationSplit = None,
    seed: o.Seed = None,
    jobs: o.Jobs = None,
    out: o.Out = None,
    data_dir: o.DataDir = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Compare Lasso, Dropout and neither, each at its best."""
    from kerasae.studies.regularization import DROPOUTS, LAMBDAS, RegularizationStudy

    from .study import run

    base = o.experiment(
        selected_model(dataset),
        image_size=image_size,
        grayscale=grayscale or None,
        architecture=architecture,
        hidden_dims=hidden_dims,
        latent_dim=latent_dim,
        shortcut=shortcut,
        activation=activation,
        learning_rate=learning_rate,
        epochs=epochs,
        batch_size=batch_size,
        validation_split=validation_split,
        seed=seed,
    )
    study = RegularizationStudy(
        base,
        o.numbers("lambdas", lambdas, float) if lambdas is not None else LAMBDAS,
        o.numbers("dropouts", dropouts, float) if dropouts is not None else DROPOUTS,
    )
    data = o.load_data(base, data_dir, skip_bad)
    run(study, data, out=out, jobs=jobs, as_json=as_json, quiet=quiet)
