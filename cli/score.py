"""`kerasae score`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasae.anomaly import FALSE_ALARMS, SCORES
from kerasae.errors import InvalidSetting
from kerasae.experiment import DATA
from kerasae.show.table import Cell, Column, Table

from . import options as o
from .output import print_result
from .sections import OUTPUT

if TYPE_CHECKING:
    from kerasae.anomaly.detector import Detector
    from kerasae.anomaly.labelled import Separation
    from kerasae.inference.model_inputs import ModelInputs
    from kerasae.inference.picture_scores import PictureScore
    from kerasae.runs.run import Run

# With fewer held-out images, one more above the threshold doubles the share.
_FEW_ALARMS = 5


def score(
    model: o.ImageModelOptions,
    inputs: o.Inputs,
    loading: o.Loading,
    score_name: Annotated[
        str, typer.Option("--score", metavar="NAME", help=f"Score to rank by: {', '.join(SCORES)}.")
    ] = SCORES[0],
    false_alarms: Annotated[
        float,
        typer.Option(help="Share of normal images that may be marked as odd; sets the threshold."),
    ] = FALSE_ALARMS,
    threshold: Annotated[
        float | None,
        typer.Option(help="Score above which a picture is odd, in place of --false-alarms."),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            help="Normal images to compare with, for a model without a detector.",
            rich_help_panel=DATA,
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Number of pictures to print.")] = 20,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="New CSV file for all scores.", rich_help_panel=OUTPUT),
    ] = None,
    maps: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="New folder for pictures of where each image is odd.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    part: o.Part = "test",
    as_json: o.AsJson = False,
) -> None:
    """Rank pictures by anomaly score and mark the anomalies."""
    from kerasae.files.whole_files import check_new, write_csv
    from kerasae.inference.defect_masks import PixelSeparation
    from kerasae.inference.picture_scores import score_pictures

    from .progress import doing

    if score_name not in SCORES:
        raise InvalidSetting("score", score_name, f"one of {', '.join(SCORES)}")
    if out is not None:
        check_new(out)
    pixels = PixelSeparation()
    with doing("loading the model") as say:
        run = model.open()
        say("reading pictures")
        pictures = loading.inputs(inputs, run, part)
        say("scoring")
        detector = _detector(run, loading, model, dataset, score_name, threshold)
        if detector is not None:
            detector.check_score(score_name)
        if detector is not None and threshold is None:
            threshold = detector.threshold(score_name, false_alarms)
        scores = score_pictures(
            model.used(run), pictures, threshold, maps,
            detector=detector, score=score_name, pixels=pixels,
        )  # fmt: skip
    o.tell_inputs(pictures)
    found = _separation(pictures, scores, threshold)
    rows = [dataclasses.asdict(one) for one in scores]
    if out is not None:
        write_csv(out, list(rows[0]), rows)
    summary = {
        "score": score_name,
        "threshold": threshold,
        "false_alarms": false_alarms if detector is not None else None,
        "odd": sum(one.anomaly or False for one in scores),
        **_held_out(detector, score_name, threshold),
        **({} if found is None else {**dataclasses.asdict(found), "pixel_auroc": pixels.auroc}),
        "images": rows,
    }
    left = [f"Saved all scores in {out}"] if out is not None else []
    left += [f"Saved maps in {maps}"] if maps is not None else []
    then = [("score", model.path, "INPUT --out scores.csv --maps DIR", "all scores, and maps")]
    print_result(
        as_json,
        summary,
        [_table(summary, top, detector)],
        "; ".join(left) or None,
        then=() if left else then,
    )


def _detector(
    run: Run,
    loading: o.Loading,
    model: o.ImageModelOptions,
    dataset: str | None,
    score_name: str,
    threshold: float | None,
) -> Detector | None:
    """Returns the detector of the run, or makes one of images that are named as normal."""
    from kerasae.anomaly.detector import Detector
    from kerasae.anomaly.detector_file import read_detector

    if dataset is not None:
        data = loading.data_of(run, {"dataset": dataset})
        return Detector.of(model.used(run), data, run.experiment.validation_split)
    plain = score_name == SCORES[0]
    if plain and threshold is not None:
        return None
    if run.folder is not None:
        return read_detector(run.folder)
    if not plain:
        raise InvalidSetting("score", score_name, "reconstruction, or --dataset with normal images")
    return None


def _held_out(
    detector: Detector | None, score_name: str, threshold: float | None
) -> dict[str, Any]:
    if detector is None or threshold is None:
        return {}
    return {
        "normal_images": len(detector.held_out[score_name]),
        "normal_above": detector.above(score_name, threshold),
        "normal_were_trained_on": detector.trained_on,
    }


def _separation(
    pictures: ModelInputs, scores: Sequence[PictureScore], threshold: float | None
) -> Separation | None:
    import numpy as np

    from kerasae.anomaly.labelled import separation
    from kerasae.inference.picture_scores import odd_by_title

    known = odd_by_title(pictures)
    values = np.array([one.score for one in scores])
    return separation(values, [known[one.name] for one in scores], threshold)


def _table(summary: dict[str, Any], top: int, detector: Detector | None) -> Table:
    by_error = summary["score"] == SCORES[0]
    columns = [Column("image"), Column("MSE", ".5f"), Column("PSNR (dB)", ".2f")]
    columns += [Column(""), *([] if by_error else [Column(summary["score"], ".4g")])]
    rows = []
    for one in summary["images"][:top]:
        word, mark = ("odd", "failed") if one["anomaly"] else ("", "")
        values = [one["name"], one["mse"], one["psnr"], word]
        values += [] if by_error else [one["score"]]
        rows.append([Cell(value, mark) for value in values])
    count = len(summary["images"])
    title = f"The oddest {min(top, count):,} of {count:,} images, by {summary['score']}"
    return Table(title, columns, rows, "; ".join(_notes(summary, detector)))


def _notes(summary: dict[str, Any], detector: Detector | None) -> list[str]:
    threshold = summary["threshold"]
    if threshold is None:
        return ["no threshold: name one with --threshold, or normal images with --dataset"]
    are = "is" if summary["odd"] == 1 else "are"
    notes = [f"{summary['odd']:,} of {len(summary['images']):,} {are} above {threshold:.4g}"]
    if detector is not None:
        above, normal = summary["normal_above"], summary["normal_images"]
        kind = "training" if detector.trained_on else "held-out"
        notes.append(
            f"so {'is' if above == 1 else 'are'} {above:,} of {normal:,} {kind} normal images"
        )
        if detector.trained_on:
            notes.append("others err more than those that were trained on")
        elif above < _FEW_ALARMS:
            notes.append("with so few the threshold is uncertain")
    if "auroc" in summary:
        notes.append(
            f"AUROC {summary['auroc']:.4f} ({summary['good']:,} good, {summary['defects']:,} not)"
        )
        names = ("precision", "recall", "pixel_auroc")
        notes += [f"{name.replace('_auroc', ' AUROC')} {summary[name]:.4f}"
                  for name in names if summary[name] is not None]  # fmt: skip
    return notes
