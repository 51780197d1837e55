"""`kerasae overfit`."""

from __future__ import annotations

from kerasae.experiment import Experiment
from kerasae.presets import long_run

from . import options as o


def overfit(
    dataset: o.Dataset = Experiment.dataset,
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
    """Train for long and show the gap to validation."""
    from kerasae.studies.overfitting import OverfitStudy

    from .study import run

    base = o.experiment(
        long_run(dataset),
        image_size=image_size,
        grayscale=grayscale or None,
        architecture=architecture,
        hidden_dims=hidden_dims,
        latent_dim=latent_dim,
        shortcut=shortcut,
        activation=activation,
        l1=l1,
        dropout=dropout,
        learning_rate=learning_rate,
        epochs=epochs,
        batch_size=batch_size,
        validation_split=validation_split,
        seed=seed,
    )
    study = OverfitStudy(base)
    data = o.load_data(base, data_dir, skip_bad)
    run(study, data, out=out, jobs=jobs, as_json=as_json, quiet=quiet)
