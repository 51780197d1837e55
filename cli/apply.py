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
    out: Annotated[Path, typer.Option(help="A new folder for the results.")],
    skip_bad: o.SkipBad = False,
    as_json: o.AsJson = False,
) -> None:
    """Reconstruct or denoise pictures, keeping their names."""
    from kerasae.inference.model_inputs import ModelInputs
    from kerasae.inference.pictures import reconstruct_pictures

    pictures = ModelInputs(inputs, skip_bad=skip_bad)
    written = reconstruct_pictures(model.used(model.open()), pictures, out)
    o.tell_skipped(pictures.skipped)
    summary = {"folder": str(out), "images": [str(path) for path in written]}
    print_result(as_json, summary, saved=f"Saved {counted(pictures.read, 'image')} in {out}")
