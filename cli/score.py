"""`kerasae score`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasae.inference import QUANTILE

from . import options as o

if TYPE_CHECKING:
    from rich.table import Table

    from kerasae.inference.pictures import PictureScore
    from kerasae.runs.saved_models import SavedModel


def score(
    model: o.Model,
    inputs: o.Inputs,
    maps: Annotated[
        Path | None, typer.Option(help="A new folder for a map of each picture's errors.")
    ] = None,
    quantile: Annotated[
        float, typer.Option(help="Share of the training images below the threshold.")
    ] = QUANTILE,
    dataset: Annotated[
        str | None, typer.Option(help="The training images; default: the run's, none for a file.")
    ] = None,
    data_dir: o.DataDir = None,
    skip_bad: o.SkipBad = False,
    trust_model: o.TrustModel = False,
    as_json: o.AsJson = False,
) -> None:
    """Rank pictures by error and mark the anomalies."""
    from kerasae.inference.model_inputs import ModelInputs
    from kerasae.inference.pictures import score_pictures

    found = ModelInputs(inputs, skip_bad=skip_bad)
    opened = o.open_model(model, trust_model)
    threshold = _threshold(opened, dataset, data_dir, skip_bad, quantile)
    scores = score_pictures(opened.model, found, threshold, maps)
    o.tell_skipped(found.skipped)
    if as_json:
        rows = [dataclasses.asdict(one) for one in scores]
        print(json.dumps({"threshold": threshold, "quantile": quantile, "images": rows}))
        return
    from rich.console import Console

    Console().print(_table(scores, threshold, quantile))


def _threshold(
    opened: SavedModel,
    dataset: str | None,
    data_dir: Path | None,
    skip_bad: bool,
    quantile: float,
) -> float | None:
    from kerasae.experiment import Experiment
    from kerasae.inference.pictures import training_threshold

    if opened.experiment is None and dataset is None:
        return None
    experiment = o.experiment(opened.experiment or Experiment(), dataset=dataset)
    data = o.load_data(experiment, data_dir, skip_bad)
    return training_threshold(opened.model, data, experiment.validation_split, quantile)


def _table(scores: list[PictureScore], threshold: float | None, quantile: float) -> Table:
    from rich.table import Table

    from kerasae.show.terminal import escape

    table = Table(title="Reconstruction errors, the largest first")
    table.add_column("image", overflow="fold")
    for heading in ("MSE", "PSNR (dB)"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for one in scores:
        mark = "anomaly" if one.anomaly else ""
        style = "bold red" if one.anomaly else None
        table.add_row(escape(one.name), f"{one.mse:.5f}", f"{one.psnr:.2f}", mark, style=style)
    if threshold is None:
        table.caption = "no threshold: --dataset names the training images"
    else:
        table.caption = f"{quantile:.2%} of the training images are below {threshold:.5f}"
    return table
