"""`kerasae learning-rate`."""

from __future__ import annotations

from typing import Annotated

import typer

from kerasae.experiment import Experiment

from . import options as o
from .defaults import plain


def learning_rate(
    dataset: o.Dataset = Experiment.dataset,
    image_size: o.ImageSize = None,
    grayscale: o.Grayscale = False,
    skip_bad: o.SkipBad = False,
    rates: Annotated[
        str | None, typer.Option(show_default="1e-4 to 1e-1", help="Peak rates, such as 1e-4,1e-3.")
    ] = None,
    architecture: o.Architecture = None,
    hidden_dims: o.HiddenDims = None,
    latent_dim: o.LatentDim = None,
    shortcut: o.Shortcut = None,
    activation: o.Activation = None,
    epochs: o.Epochs = None,
    batch_size: o.BatchSize = None,
    validation_split: o.ValidationSplit = None,
    seed: o.Seed = None,
    jobs: o.Jobs = None,
    out: o.Out = None,
    data_dir: o.DataDir = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Train with several learning rates and mark the best."""
    from kerasae.studies.learning_rate import RATES, LearningRateStudy

    from .study import run

    base = o.experiment(
        plain(dataset),
        image_size=image_size,
        grayscale=grayscale or None,
        architecture=architecture,
        hidden_dims=hidden_dims,
        latent_dim=latent_dim,
        shortcut=shortcut,
        activation=activation,
        epochs=epochs,
        batch_size=batch_size,
        validation_split=validation_split,
        seed=seed,
    )
    study = LearningRateStudy(base, o.numbers("rates", rates, float) if rates else RATES)
    data = o.load_data(base, data_dir, skip_bad)
    run(study, data, out=out, jobs=jobs, as_json=as_json, quiet=quiet)
