"""`kerasae score`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasae.inference import QUANTILE

from . import options as o
from .output import print_result

if TYPE_CHECKING:
    from kerasae.inference.pictures import PictureScore
    from kerasae.runs.run import Run
    from kerasae.show.table import Table


def score(
    model: o.Model,
    inputs: o.Inputs,
    loading: o.Loading,
    maps: Annotated[
        Path | None, typer.Option(help="A new folder for a map of each picture's errors.")
    ] = None,
    quantile: Annotated[
        float, typer.Option(help="Share of the training images below the threshold.")
    ] = QUANTILE,
    dataset: Annotated[
        str | None, typer.Option(help="The training images; default: the run's, none for a file.")
    ] = None,
    as_json: o.AsJson = False,
) -> None:
    """Rank pictures by error and mark the anomalies."""
    from kerasae.inference.model_inputs import ModelInputs
    from kerasae.inference.pictures import score_pictures

    pictures = ModelInputs(inputs, skip_bad=loading.skip_bad)
    run = model.open()
    threshold = _threshold(run, dataset, loading, quantile)
    scores = score_pictures(run.model, pictures, threshold, maps)
    o.tell_skipped(pictures.skipped)
    rows = [dataclasses.asdict(one) for one in scores]
    summary = {"threshold": threshold, "quantile": quantile, "images": rows}
    print_result(as_json, summary, [_table(scores, threshold, quantile)])


def _threshold(run: Run, dataset: str | None, loading: o.Loading, quantile: float) -> float | None:
    from kerasae.inference.pictures import training_threshold

    if run.folder is None and dataset is None:
        return None
    name = dataset or run.experiment.dataset
    data = loading.data(dataclasses.replace(run.experiment, dataset=name))
    return training_threshold(run.model, data, run.experiment.validation_split, quantile)


def _table(scores: list[PictureScore], threshold: float | None, quantile: float) -> Table:
    from kerasae.show.table import Cell, Column, Table

    columns = [Column("image"), Column("MSE", ".5f"), Column("PSNR (dB)", ".2f"), Column("")]
    rows = [
        [
            Cell(value, "failed" if one.anomaly else "")
            for value in (one.name, one.mse, one.psnr, "anomaly" if one.anomaly else "")
        ]
        for one in scores
    ]
    note = "no threshold: --dataset names the training images"
    if threshold is not None:
        note = f"{quantile:.2%} of the training images are below {threshold:.5f}"
    return Table("Reconstruction errors, the largest first", columns, rows, note)
