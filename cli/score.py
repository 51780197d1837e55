"""`kerasae score`."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasae.inference import QUANTILE
from kerasae.show.table import Cell, Column, Table

from . import options as o
from .output import print_result


def score(
    model: o.ImageModelOptions,
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
    part: o.Part = "test",
    as_json: o.AsJson = False,
) -> None:
    """Rank pictures by error and mark the anomalies."""
    from kerasae.inference.pictures import score_pictures, training_threshold

    run = model.open()
    pictures = loading.inputs(inputs, run, part)
    used, threshold = model.used(run), None
    if run.folder is not None or dataset is not None:
        data = loading.data_of(run, {"dataset": dataset} if dataset is not None else None)
        used = used.on_data(data)
        threshold = training_threshold(used, data, run.experiment.validation_split, quantile)
    scores = score_pictures(used, pictures, threshold, maps)
    o.tell_inputs(pictures)
    rows = [dataclasses.asdict(one) for one in scores]
    summary = {"threshold": threshold, "quantile": quantile, "images": rows}
    print_result(as_json, summary, [_table(rows, threshold, quantile)])


def _table(scores: list[dict[str, Any]], threshold: float | None, quantile: float) -> Table:
    columns = [Column("image"), Column("MSE", ".5f"), Column("PSNR (dB)", ".2f"), Column("")]
    rows = []
    for one in scores:
        word, mark = ("anomaly", "failed") if one["anomaly"] else ("", "")
        rows.append([Cell(value, mark) for value in (one["name"], one["mse"], one["psnr"], word)])
    note = "no threshold: --dataset names the training images"
    if threshold is not None:
        note = f"{quantile:.2%} of the training images are below {threshold:.5f}"
    return Table("Reconstruction errors, the largest first", columns, rows, note)
