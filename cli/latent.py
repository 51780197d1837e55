"""`kerasae latent`."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as o
from .output import print_result
from .settings import Given, with_settings


@with_settings(only=("dataset", "image_size", "grayscale"))
def latent(
    model: o.Model,
    given: Given,
    loading: o.Loading,
    method: Annotated[
        str, typer.Option(help="How more than two dimensions become two: pca or tsne.")
    ] = "pca",
    out: Annotated[
        Path | None, typer.Option(help="Folder for latent.png and .svg; default: the model's.")
    ] = None,
    as_json: o.AsJson = False,
) -> None:
    """Draw the latent space: codes, decoded points, walks."""
    run = model.open()
    data = loading.data_of(run, given)
    from kerasae.inference.latent_plane import latent_plane
    from kerasae.show.figure_files import save_figure
    from kerasae.show.latent_figure import latent_figure

    plane = latent_plane(run.model, data, method)
    folder = out or run.folder or Path(model.path).parent
    png, svg = save_figure(folder, "latent", latent_figure(plane))
    summary = {"png": str(png), "svg": str(svg), "images": len(plane.codes)}
    print_result(as_json, summary, saved=f"Saved in {png} and {svg}")
