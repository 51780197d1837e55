"""The page about a run, or about all the runs of a sweep."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasae.data.image_data import ImageData, short_name
from kerasae.environment import environment
from kerasae.errors import ArtifactError
from kerasae.experiment import Experiment
from kerasae.runs import run_files
from kerasae.runs.listing import (
    FinishedRun,
    find_runs,
    ordered,
    read_finished_run,
    shown,
    side_by_side,
)
from kerasae.runs.reading import load_run, read_experiment, read_history
from kerasae.show import figure_files
from kerasae.show.report_page import Cell, PageContent, PageFigure, PageSection, PageTable

if TYPE_CHECKING:
    import keras

_SCORES = ("val_mse", "test_mse", "test_psnr", "epochs", "seconds")
_CURVES = 8  # more lines cannot be told apart


@dataclasses.dataclass(frozen=True)
class ReportedRuns:
    """What a page is about.

    Args:
        runs: The finished runs, the lowest test MSE first.
        shown: The first of them that has a model, whose images are shown.
        experiment: Its settings.
        broken: A line for each run that cannot be read.
    """

    runs: list[FinishedRun]
    shown: FinishedRun
    experiment: Experiment
    broken: list[str]


def reported_runs(folder: Path) -> ReportedRuns:
    """Finds the run in a folder, or the runs below it.

    Args:
        folder: That of a run or of a sweep.

    Raises:
        ArtifactError: If there is no finished run, or none has its model.
    """
    broken: list[str] = []
    if (folder / run_files.EXPERIMENT).exists():
        runs = [read_finished_run(folder)]
    else:
        found, broken = find_runs(folder)
        runs = ordered(found, "test_mse")
    for run in runs:
        if (run.folder / run_files.MODEL).is_file():
            return ReportedRuns(runs, run, read_experiment(run.folder), broken)
    raise ArtifactError(
        f"{folder}: holds no finished run with its model; choose the folder of a run or a sweep"
    )


def run_report(reported: ReportedRuns, data: ImageData, folder: Path, command: str) -> PageContent:
    """Puts the page about runs together.

    Args:
        reported: The runs.
        data: The images of the run that is shown.
        folder: An empty folder, where the page's figures are drawn.
        command: The command that makes the page, as the page shows it.

    Returns:
        The content for `report_page.report_page`, with `folder` as that of its figures.

    Raises:
        ArtifactError: If a file of the run is missing or damaged.
        InvalidSetting: If the data's images have another shape than the model's.
    """
    model = load_run(reported.shown.folder)
    best = reported.shown.folder.name
    runs = len(reported.runs)
    summary = [f"The run {best} on {data.title}."]
    if runs > 1:
        summary = [
            f"{runs} finished runs. Images and latent space are those of {best} on {data.title}, "
            "the lowest test MSE among the runs whose model was kept."
        ]
    return {
        "title": f"{data.title}: {best if runs == 1 else f'{runs} runs'}",
        "summary": [*summary, *(f"Left out: {line}" for line in reported.broken)],
        "sections": [
            {"title": "Results", "paragraphs": [], "tables": [_table(reported.runs)]},
            _curves(reported.runs, folder),
            _images(model, data, reported.experiment),
            _latent(model, data, folder),
        ],
        "command": command,
        "settings": {best: reported.shown.settings},
        "versions": environment()["versions"],
    }


def _table(runs: list[FinishedRun]) -> PageTable:
    differing = side_by_side(runs)
    settings = [name for name in runs[0].settings if name in differing and name not in _SCORES]
    names = [*settings, *_SCORES]
    rows: list[list[Cell]] = [
        [run.folder.name, *(_cell(name, run.values().get(name)) for name in names)] for run in runs
    ]
    units = "MSE of pixels in [0, 1], PSNR in dB."
    if len(runs) == 1:
        rows = [[value if value is None else shown(value) for value in row] for row in rows]
        return {"caption": "Scores", "columns": ["run", *names], "rows": rows, "note": units}
    return {
        "caption": "Runs, with the settings in which they differ",
        "columns": ["run", *names],
        "rows": rows,
        "sortable": True,
        "note": f"A heading sorts the runs. {units}",
    }


def _cell(name: str, value: Any) -> Cell:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return short_name(value) if name == "dataset" else shown(value)


def _curves(runs: list[FinishedRun], folder: Path) -> PageSection:
    from kerasae.show.curves import history_figure, run_figure

    drawn = runs[:_CURVES]
    histories = [read_history(run.folder) for run in drawn]
    held_out = all("val_mse" in row for history in histories for row in history)
    key, words = ("val_mse", "validation") if held_out else ("mse", "training")
    if len(drawn) == 1 and held_out:
        figure, words = run_figure(histories[0]), "training and validation"
    else:
        figure = history_figure(
            {
                run.folder.name: [row[key] for row in history]
                for run, history in zip(drawn, histories, strict=True)
            },
            f"{words} MSE",
        )
    figure_files.save_figure(folder, "curves", figure)
    of = "" if len(drawn) == len(runs) else f" of the {_CURVES} runs with the lowest test MSE"
    return {
        "title": "Training curves",
        "paragraphs": [],
        "figures": [_figure("curves.svg", f"The {words} MSE after each epoch{of}")],
    }


def _images(model: keras.Model, data: ImageData, experiment: Experiment) -> PageSection:
    from kerasae.show.image_pairs import image_pairs

    return {
        "title": "Images",
        "paragraphs": ["Point at an image, tap it or go to it with the keyboard to switch it."],
        "pairs": image_pairs(model, data, experiment),
    }


def _latent(model: keras.Model, data: ImageData, folder: Path) -> PageSection:
    from kerasae.inference.latent_plane import FEWEST, latent_plane
    from kerasae.model_parts import code_size
    from kerasae.show.latent_figure import latent_figure

    title = "Latent space"
    if code_size(model) < 2:
        return {"title": title, "paragraphs": ["A code of one dimension has no plane to draw."]}
    if len(data.test) < FEWEST:
        return {"title": title, "paragraphs": ["So few test images have no plane to draw."]}
    figure_files.save_figure(folder, "latent", latent_figure(latent_plane(model, data)))
    words = (
        "Codes of the test images by class, what the decoder makes of points between them, and "
        "walks from one image to another"
    )
    # The points are a picture in the SVG too, and a larger one.
    return {"title": title, "paragraphs": [], "figures": [_figure("latent.png", words)]}


def _figure(file: str, words: str) -> PageFigure:
    return {"file": file, "caption": f"{words}.", "alt": words}
