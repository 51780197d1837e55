"""`kerasae denoise`."""

from __future__ import annotations

from typing import Annotated

import typer

from kerasae.errors import InvalidSetting
from kerasae.experiment import Experiment
from kerasae.presets import denoiser

from . import options as o


def denoise(
    dataset: o.Dataset = Experiment.dataset,
    image_size: o.ImageSize = None,
    grayscale: o.Grayscale = False,
    skip_bad: o.SkipBad = False,
    sigma: Annotated[
        list[float] | None,
        typer.Option(help="Noise's standard deviation; repeat for more."),
    ] = None,
    clip: Annotated[
        bool, typer.Option("--clip/--no-clip", help="Clip the noisy images to [0, 1].")
    ] = False,
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
    validation_split: o.ValidationSplit = None,
    seed: o.Seed = None,
    jobs: o.Jobs = None,
    out: o.Out = None,
    data_dir: o.DataDir = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Train a denoiser beside classical methods, by PSNR."""
    from kerasae.studies.denoising import DenoisingStudy

    from .study import run

    base = o.experiment(
        denoiser(dataset),
        image_size=image_size,
        grayscale=grayscale or None,
        clip_noise=clip,
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
        validation_split=validation_split,
        seed=seed,
    )
    study = DenoisingStudy(base, tuple(sigma) if sigma is not None else (base.sigma,))
    data = o.load_data(base, data_dir, skip_bad)
    if data.train.ndim == 4:
        # Before hours of training: the classical denoisers beside it know no colours.
        raise InvalidSetting("dataset", dataset, "grey images, or --grayscale")
    run(study, data, out=out, jobs=jobs, as_json=as_json, quiet=quiet)
