"""`kerasae evaluate`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

from kerasae.experiment import Experiment

from . import options as o

if TYPE_CHECKING:
    from rich.table import Table

    from kerasae.evaluation import Evaluation


def evaluate(
    model: o.Model,
    dataset: Annotated[
        str | None, typer.Option(help="Default: the run's, or mnist for a file.")
    ] = None,
    image_size: o.ImageSize = None,
    grayscale: o.Grayscale = False,
    skip_bad: o.SkipBad = False,
    validation_split: Annotated[
        float | None, typer.Option(help="Default: the run's, or 0.1 for a file.")
    ] = None,
    data_dir: o.DataDir = None,
    trust_model: o.TrustModel = False,
    as_json: o.AsJson = False,
) -> None:
    """Score a run or any .keras autoencoder beside PCA."""
    from kerasae.runs.reading import read_experiment

    base = read_experiment(model) if os.path.isdir(model) else Experiment()
    experiment = o.experiment(
        base,
        dataset=dataset,
        image_size=image_size,
        grayscale=grayscale or None,
        validation_split=validation_split,
    )
    opened = o.open_model(model, trust_model)
    data = o.load_data(experiment, data_dir, skip_bad)
    from kerasae.evaluation import evaluate as run

    found = run(opened.model, data, experiment)
    if as_json:
        print(json.dumps({"path": model, "dataset": data.name, **found.to_dict()}))
        return
    from rich.console import Console

    Console().print(_table(found, model, data.name))


def _table(found: Evaluation, model: str, dataset: str) -> Table:
    from rich.table import Table

    from kerasae.show.terminal import escape

    table = Table(title=escape(f"{model} on {dataset}"))
    table.add_column("")
    for heading in ("images", "MSE", "PSNR (dB)", "SSIM"):
        table.add_column(heading, justify="right")
    for label, parts in (("", found.model), (f"PCA {found.latent_dim}, ", found.pca)):
        for name, part in parts.items():
            similarity = "" if part.ssim is None else f"{part.ssim:.4f}"
            cells = (f"{part.images:,}", f"{part.mse:.5f}", f"{part.psnr:.2f}", similarity)
            table.add_row(label + name, *cells, style="dim" if label else None)
    table.caption = "SSIM of at most 10,000 images each"
    return table
