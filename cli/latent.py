"""`kerasae latent`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options as o
from .output import print_result
from .settings import Given, with_settings

if TYPE_CHECKING:
    from kerasae.data.image_data import ImageData
    from kerasae.image_model import ImageModel


@with_settings(only=("dataset", "image_size", "grayscale"))
def latent(
    model: o.ImageModelOptions,
    given: Given,
    loading: o.Loading,
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="How codes are projected to two dimensions: pca or tsne."
        ),
    ] = "pca",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the figure; default: the model's."),
    ] = None,
    code_layer: o.CodeLayer = None,
    as_json: o.AsJson = False,
) -> None:
    """Draw the latent space: codes, decoded points, walks."""
    from .progress import doing

    with doing("loading the model") as say:
        run = model.open()
        say("loading data")
        data = loading.data_of(run, given, say)
        say("drawing")
        folder = out or run.folder or Path(model.path).parent
        png, svg, images = _draw(model.used(run, code_layer), data, method, folder)
    summary = {"png": str(png), "svg": str(svg), "images": images}
    print_result(
        as_json,
        summary,
        saved=f"Saved in {png} and {svg}",
        then=[("encode", model.path, "PICTURES --out codes.npy", "the codes as numbers")],
    )


def _draw(model: ImageModel, data: ImageData, method: str, folder: Path) -> tuple[Path, Path, int]:
    """Saves the figure; each method has files of its own."""
    from kerasae.inference.latent_plane import latent_plane
    from kerasae.show.figure_files import save_figure
    from kerasae.show.latent_figure import latent_figure

    plane = latent_plane(model, data, method)
    stem = "latent" if method == "pca" else f"latent-{method}"
    return *save_figure(folder, stem, latent_figure(plane)), len(plane.codes)
