"""The page about a run, or about all the runs of a sweep."""

from collections.abc import Sequence
from pathlib import Path

from kerasae.data.image_data import ImageData, short_name
from kerasae.environment import environment
from kerasae.errors import ArtifactError
from kerasae.inference.latent_plane import FEWEST, latent_plane
from kerasae.model_parts import code_size
from kerasae.runs import run_files
from kerasae.runs.listing import find_runs, ordered, shown, side_by_side
from kerasae.runs.run import Run
from kerasae.show.figure_files import save_figure
from kerasae.show.report_page import PageContent, PageFigure, PageSection
from kerasae.show.table import Column, Table

_SCORES = ("val_mse", "test_mse", "test_psnr", "epochs", "seconds")
_CURVES = 8  # more lines cannot be told apart


def runs_to_show(folder: Path) -> tuple[list[Run], list[str]]:
    """Finds the run in a folder, or the runs below it.

    Args:
        folder: That of a run or of a sweep.

    Returns:
        The finished runs, the lowest test MSE first, and a line for each that cannot be read.

    Raises:
        ArtifactError: If there is no finished run, or none has its model.
    """
    runs, broken = [Run(folder)], list[str]()
    if not (folder / run_files.EXPERIMENT).exists():
        runs, broken = find_runs(folder)
        runs = ordered(runs, "test_mse")
    if not any(run.has_model for run in runs):
        raise ArtifactError(
            f"{folder}: holds no finished run with its model; choose the folder of a run or a sweep"
        )
    return runs, broken


def run_page(
    runs: Sequence[Run], broken: Sequence[str], data: ImageData, folder: Path, command: str
) -> PageContent:
    """Puts the page about runs together.

    Args:
        runs: The runs, the best first; the images are those of the first that has a model.
        broken: A line for each run that cannot be read.
        data: The images of the run that is shown.
        folder: An empty folder, where the page's figures are drawn.
        command: The command that makes the page, as the page shows it.

    Returns:
        The content for `report_page.report_page`, with `folder` as that of its figures.

    Raises:
        ArtifactError: If a file of the run is missing or damaged.
        InvalidSetting: If the data's images have another shape than the model's.
    """
    shown_run = next(run for run in runs if run.has_model)
    best = title = shown_run.name
    summary = f"The run {best} on {data.title}."
    if len(runs) > 1:
        title = f"{len(runs)} runs"
        summary = (
            f"{len(runs)} finished runs. Images and latent space are those of {best} on "
            f"{data.title}, the lowest test MSE among the runs whose model was kept."
        )
    return PageContent(
        f"{data.title}: {title}",
        [summary, *(f"Left out: {line}" for line in broken)],
        [
            PageSection("Results", tables=[_table(runs)], sortable=len(runs) > 1),
            _curves(runs, folder),
            _images(shown_run, data),
            _latent(shown_run, data, folder),
        ],
        command,
        {best: shown_run.settings()},
        environment()["versions"],
    )


def _table(runs: Sequence[Run]) -> Table:
    differing = side_by_side(runs)
    settings = [name for name in runs[0].settings() if name in differing and name not in _SCORES]
    names = [*settings, *_SCORES]
    several = len(runs) > 1
    return Table(
        "Runs, with the settings in which they differ" if several else "Scores",
        [Column(name, ".4g") for name in ("run", *names)],
        [[run.name, *(_cell(name, run.values().get(name)) for name in names)] for run in runs],
        f"{'A heading sorts the runs. ' if several else ''}MSE of pixels in [0, 1], PSNR in dB.",
    )


def _cell(name: str, value: object) -> object:
    """Leaves numbers as they are, by which the rows are sorted."""
    if name == "dataset":
        return short_name(str(value))
    return value if value is None or isinstance(value, int | float) else shown(value)


def _curves(runs: Sequence[Run], folder: Path) -> PageSection:
    from kerasae.show.curves import runs_figure

    drawn = runs[:_CURVES]
    figure, mse = runs_figure({run.name: run.history for run in drawn})
    save_figure(folder, "curves", figure)
    of = "" if len(drawn) == len(runs) else f" of the {_CURVES} runs with the lowest test MSE"
    shown_mse = PageFigure("curves.svg", f"The {mse} after each epoch{of}.")
    return PageSection("Training curves", figures=[shown_mse])


def _images(run: Run, data: ImageData) -> PageSection:
    from kerasae.show.image_pairs import image_pairs

    advice = "Point at an image, tap it or go to it with the keyboard to switch it."
    return PageSection("Images", [advice], pairs=image_pairs(run, data))


def _latent(run: Run, data: ImageData, folder: Path) -> PageSection:
    from kerasae.show.latent_figure import latent_figure

    title = "Latent space"
    if code_size(run.model) < 2:
        return PageSection(title, ["A code of one dimension has no plane to draw."])
    if len(data.test) < FEWEST:
        return PageSection(title, ["So few test images have no plane to draw."])
    save_figure(folder, "latent", latent_figure(latent_plane(run.model, data)))
    words = (
        "Codes of the test images by class, what the decoder makes of points between them, and "
        "walks from one image to another."
    )
    # The points are a picture in the SVG too, and a larger one.
    return PageSection(title, figures=[PageFigure("latent.png", words)])
