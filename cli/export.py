"""`kerasae export`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from . import options as o


def export(
    model: o.Model,
    file_format: Annotated[
        str, typer.Option("--format", help="onnx, litert, saved_model or openvino.")
    ] = "onnx",
    out: Annotated[
        Path | None, typer.Option(help="A new file or folder; default: beside the model.")
    ] = None,
    trust_model: o.TrustModel = False,
    as_json: o.AsJson = False,
) -> None:
    """Export a model for another runtime, and check it there."""
    from kerasae.inference.export import check_export, default_path, export_model

    path = out or default_path(file_format, Path(model))
    check_export(file_format, path)
    opened = o.open_model(model, trust_model)
    difference = export_model(opened.model, file_format, path)
    if as_json:
        print(json.dumps({"path": str(path), "format": file_format, "difference": difference}))
    else:
        print(f"Saved in {path}; its output differs from Keras' by at most {difference:.1g}")
