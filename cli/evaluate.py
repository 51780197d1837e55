"""`kerasae evaluate`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from . import options as o
from .output import print_result
from .settings import Given, with_settings

if TYPE_CHECKING:
    from kerasae.evaluation import Evaluation
    from kerasae.show.table import Table


@with_settings(only=("dataset", "image_size", "grayscale", "validation_split"))
def evaluate(
    model: o.Model,
    given: Given,
    loading: o.Loading,
    as_json: o.AsJson = False,
) -> None:
    """Score a run or any .keras autoencoder beside PCA."""
    run = model.open()
    experiment = dataclasses.replace(run.experiment, **given)
    data = loading.data(experiment)
    from kerasae.evaluation import evaluate as scores_of

    evaluation = scores_of(run.model, data, experiment)
    summary = {"path": model.path, "dataset": data.name, **evaluation.to_dict()}
    print_result(as_json, summary, [_table(evaluation, f"{model.path} on {data.name}")])


def _table(evaluation: Evaluation, title: str) -> Table:
    from kerasae.show.table import Cell, Column, Table

    parts = [(name, part, "") for name, part in evaluation.model.items()]
    for name, part in evaluation.pca.items():
        parts.append((f"PCA {evaluation.latent_dim}, {name}", part, "dim"))
    rows = [
        [Cell(value, mark) for value in (label, f"{part.images:,}", part.mse, part.psnr, part.ssim)]
        for label, part, mark in parts
    ]
    scores = [Column("MSE", ".5f"), Column("PSNR (dB)", ".2f"), Column("SSIM", ".4f")]
    columns = [Column(""), Column("images"), *scores]
    return Table(title, columns, rows, "SSIM of at most 10,000 images each")
