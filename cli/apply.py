"""`kerasae apply`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from . import options as o


def apply(
    model: o.Model,
    inputs: o.Inputs,
    out: Annotated[Path, typer.Option(help="A new folder for the results.")],
    skip_bad: o.SkipBad = False,
    trust_model: o.TrustModel = False,
    as_json: o.AsJson = False,
) -> None:
    """Reconstruct or denoise pictures, keeping their names."""
    from kerasae.inference.model_inputs import ModelInputs
    from kerasae.inference.pictures import reconstruct_pictures

    found = ModelInputs(inputs, skip_bad=skip_bad)
    opened = o.open_model(model, trust_model)
    written = reconstruct_pictures(opened.model, found, out)
    o.tell_skipped(found.skipped)
    if as_json:
        print(json.dumps({"folder": str(out), "images": [str(path) for path in written]}))
    else:
        print(f"Saved {len(written):,} images in {out}")
