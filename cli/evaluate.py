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
    trust: o.Trust,
    as_json: o.AsJson = False,
) -> None:
    """Score a run or any .keras autoencoder beside PCA."""
    run = trust.open_run(model)
    experiment = dataclasses.replace(run.experiment, **given)
    data = loading.data(experiment)
    from kerasae.evaluation import evaluate as scores_of

    evaluation = scores_of(run.model, data, experiment)
    summary = {"path": model, "dataset": data.name, **evaluation.to_dict()}
    print_result(as_json, summary, [_table(evaluation, f"{model} on {data.name}")])


def _table(evaluation: Evaluation, title: str) -> Table:
    from kerasae.show.table import Cell, Column, Table

    headings = {"images": "", "MSE": ".5f", "PSNR (dB)": ".2f", "SSIM": ".4f"}
    columns = [Column(""), *(Column(heading, form) for heading, form in headings.items())]
    parts = {
        **{name: (part, "") for name, part in evaluation.model.items()},
        **{
            f"PCA {evaluation.latent_dim}, {name}": (part, "dim")
            for name, part in evaluation.pca.items()
        },
    }
    rows = [
        [Cell(value, mark) for value in (label, f"{part.images:,}", part.mse, part.psnr, part.ssim)]
        for label, (part, mark) in parts.items()
    ]
    return Table(title, columns, rows, "SSIM of at most 10,000 images each")
