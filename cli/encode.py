"""`kerasae encode`."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as o
from .output import print_result


def encode(
    model: o.ImageModelOptions,
    inputs: o.Inputs,
    out: Annotated[Path, typer.Option(metavar="FILE", help="New file: .npy, .csv or .parquet.")],
    loading: o.Loading,
    part: o.Part = "test",
    code_layer: o.CodeLayer = None,
    as_json: o.AsJson = False,
) -> None:
    """Write the codes of pictures to a file, one row each."""
    from kerasae.inference.code_files import check_codes_file, write_codes
    from kerasae.inference.pictures import encode_pictures
    from kerasae.show.counts import counted

    from .progress import doing

    check_codes_file(out)
    with doing("loading the model") as say:
        run = model.open()
        say("reading pictures")
        pictures = loading.inputs(inputs, run, part)
        say("encoding")
        encoded = encode_pictures(model.used(run, code_layer), pictures)
        write_codes(out, encoded.names, encoded.codes)
    count, size = encoded.codes.shape
    o.tell_inputs(pictures)
    summary = {"file": str(out), "images": encoded.names, "latent_dim": size}
    codes = f"{counted(count, 'code')} of {counted(size, 'number')}"
    then = [("latent", model.path, "", "draw codes in two dimensions")]
    print_result(as_json, summary, saved=f"Saved {codes} in {out}", then=then)
