"""`kerasae apply`."""

from pathlib import Path
from typing import Annotated

import typer

from kerasae.show.counts import counted

from . import options as o
from .output import print_result


def apply(
    model: o.ImageModelOptions,
    inputs: o.Inputs,
    out: Annotated[Path, typer.Option(metavar="DIR", help="New folder for the results.")],
    loading: o.Loading,
    part: o.Part = "test",
    as_json: o.AsJson = False,
) -> None:
    """Reconstruct or denoise pictures."""
    from kerasae.inference.pictures import reconstruct_pictures

    from .progress import doing

    with doing("loading the model") as say:
        run = model.open()
        say("reading pictures")
        pictures = loading.inputs(inputs, run, part)
        say("reconstructing")
        written = reconstruct_pictures(model.used(run), pictures, out)
    o.tell_inputs(pictures)
    summary = {"folder": str(out), "images": [str(path) for path in written]}
    then = [("score", model.path, "PICTURES", "see which of them are odd")]
    saved = f"Saved {counted(pictures.read, 'image')} in {out}"
    print_result(as_json, summary, saved=saved, then=then)
