"""`kerasae latent`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from kerasae.experiment import Experiment

from . import options as o


def latent(
    model: o.Model,
    dataset: Annotated[
        str | None, typer.Option(help="Default: the run's, or mnist for a file.")
    ] = None,
    image_size: o.ImageSize = None,
    grayscale: o.Grayscale = False,
    skip_bad: o.SkipBad = False,
    method: Annotated[
        str, typer.Option(help="How more than two dimensions become two: pca or tsne.")
    ] = "pca",
    out: Annotated[
        Path | None, typer.Option(help="Folder for latent.png and .svg; default: the model's.")
    ] = None,
    data_dir: o.DataDir = None,
    trust_model: o.TrustModel = False,
    as_json: o.AsJson = False,
) -> None:
    """Draw the latent space: codes, decoded points, walks."""
    from kerasae.runs.reading import read_experiment
    from kerasae.show import figure_files

    base = read_experiment(model) if os.path.isdir(model) else Experiment()
    opened = o.open_model(model, trust_model)
    experiment = o.experiment(
        base, dataset=dataset, image_size=image_size, grayscale=grayscale or None
    )
    data = o.load_data(experiment, data_dir, skip_bad)
    from kerasae.inference.latent_plane import latent_plane
    from kerasae.show.latent_figure import latent_figure

    plane = latent_plane(opened.model, data, method)
    figure = latent_figure(plane)
    place = Path(model)
    folder = out or (place if place.is_dir() else place.parent)
    png, svg = figure_files.save_figure(folder, "latent", figure)
    if as_json:
        print(json.dumps({"png": str(png), "svg": str(svg), "images": len(plane.codes)}))
    else:
        print(f"Saved in {png} and {svg}")
