"""`kerasae encode`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from . import options as o


def encode(
    model: o.Model,
    inputs: o.Inputs,
    out: Annotated[Path, typer.Option(help="A new file: codes.npy, codes.csv or codes.parquet.")],
    skip_bad: o.SkipBad = False,
    trust_model: o.TrustModel = False,
    as_json: o.AsJson = False,
) -> None:
    """Write the codes of pictures, a row for each."""
    from kerasae.inference.code_files import check_codes_file, write_codes
    from kerasae.inference.model_inputs import ModelInputs
    from kerasae.inference.pictures import encode_pictures

    check_codes_file(out)
    found = ModelInputs(inputs, skip_bad=skip_bad)
    opened = o.open_model(model, trust_model)
    encoded = encode_pictures(opened.model, found)
    names, codes = encoded.names, encoded.codes
    write_codes(out, names, codes)
    o.tell_skipped(found.skipped)
    if as_json:
        print(json.dumps({"file": str(out), "images": names, "latent_dim": codes.shape[1]}))
    else:
        print(f"Saved {len(codes):,} codes of {codes.shape[1]} numbers in {out}")
