"""`kerasae export`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasae.anomaly import SCORES
from kerasae.errors import DataError, InvalidSetting

from . import options as o
from .output import print_result
from .sections import OUTPUT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kerasae.runs.run import Run

_WITH_SCORE = "score"
_MOST_IMAGES = 10_000
_MOST_NUMBERS = 1 << 26  # of their pixels


def export(
    model: o.Model,
    loading: o.Loading,
    file_format: Annotated[
        str,
        typer.Option(
            "--format", metavar="NAME", help="Format: onnx, litert, saved_model or openvino."
        ),
    ] = "onnx",
    part: Annotated[
        str, typer.Option(metavar="NAME", help="What to export: model, encoder or decoder.")
    ] = "model",
    extra: Annotated[
        str | None,
        typer.Option("--with", metavar="score", help="Add outputs that say how odd each image is."),
    ] = None,
    score_name: Annotated[
        str,
        typer.Option("--score", metavar="NAME", help=f"Anomaly score to add: {', '.join(SCORES)}."),
    ] = SCORES[0],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="New file or folder; default: beside the model.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    as_json: o.AsJson = False,
) -> None:
    """Export a model for another runtime and check the result."""
    from kerasae.inference.export import check_export, default_path, export_model

    from .progress import doing

    if extra not in (None, _WITH_SCORE):
        raise InvalidSetting("with", extra, _WITH_SCORE)
    if extra is not None and part != "model":
        raise InvalidSetting("part", part, "model, with a score")
    path = out or default_path(file_format, Path(model.path), extra or part)
    check_export(file_format, path)
    summary: dict[str, Any] = {"path": str(path), "format": file_format, "part": part}
    with doing("loading the model") as say:
        run = model.open()
        white = None if run.record is None else run.record.white
        say("exporting")
        if extra is not None:
            summary |= _with_score(run, loading, score_name, file_format, path, white)
        else:
            difference = export_model(run.model, file_format, path, part=part, white=white)
            summary["difference"] = difference
    line = f"Saved in {path}; its output differs from Keras' by at most {summary['difference']:.1g}"
    if extra is not None:
        line += "; " + _verdicts(summary)
    if white is not None:
        line += f". Its images are numbers from 0 to {white:g}, as in the files of the run"
    print_result(as_json, {**summary, "white": white}, saved=line)


def _with_score(
    run: Run, loading: o.Loading, score_name: str, file_format: str, path: Path, white: float | None
) -> dict[str, Any]:
    from kerasae.anomaly.detector_file import read_detector
    from kerasae.inference.export import export_with_score

    if run.folder is None:
        raise InvalidSetting("model", "a file alone", "the folder of a run, which has a detector")
    detector = read_detector(run.folder)
    detector.check_score(score_name)
    images = _images(run, loading)
    found = export_with_score(
        run.model, detector, score_name, file_format, path, images, white=white
    )
    return {"score": score_name, **dataclasses.asdict(found)}


def _images(run: Run, loading: o.Loading) -> NDArray[np.float32] | None:
    """Returns the data set's test images, or other ones where it has none, if they are there."""
    from kerasae.data.pixels import as_floats

    try:
        data = loading.data_of(run)
    except DataError:
        return None
    parts = data.parts(run.experiment.validation_split)
    part = next((one for one in (parts.test, parts.validation) if len(one)), parts.train)
    most = min(_MOST_IMAGES, _MOST_NUMBERS // part.images[0].size)
    return as_floats(part.images[part.rows[:most]])


def _verdicts(summary: dict[str, Any]) -> str:
    if not summary["images"]:
        return "its verdicts were not compared, for the images of the run cannot be read"
    return (
        f"at the threshold {summary['threshold']:.4g} it says what Keras says of "
        f"{summary['images']:,} images ({summary['odd']:,} odd)"
    )
