"""`kerasae export`."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as o
from .output import print_result


def export(
    model: o.Model,
    file_format: Annotated[
        str, typer.Option("--format", help="onnx, litert, saved_model or openvino.")
    ] = "onnx",
    part: Annotated[str, typer.Option(help="model, encoder or decoder.")] = "model",
    out: Annotated[
        Path | None, typer.Option(help="A new file or folder; default: beside the model.")
    ] = None,
    as_json: o.AsJson = False,
) -> None:
    """Export a model for another runtime, and check it there."""
    from kerasae.inference.export import check_export, default_path, export_model

    path = out or default_path(file_format, Path(model.path), part)
    check_export(file_format, path)
    run = model.open()
    white = None if run.record is None else run.record.white
    difference = export_model(run.model, file_format, path, part=part)
    summary = {"path": str(path), "format": file_format, "part": part, "difference": difference,
               "white": white}  # fmt: skip
    line = f"Saved in {path}; its output differs from Keras' by at most {difference:.1g}"
    if white is not None:
        line += f". It takes pixels in [0, 1]: divide by {white:g}, as the run does"
    print_result(as_json, summary, saved=line)
