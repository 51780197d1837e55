"""The page about a run: how it compares with PCA, and what there is to see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasae.data.image_data import ImageData
from kerasae.environment import environment
from kerasae.evaluation import Evaluation, evaluate_beside
from kerasae.inference.latent_plane import FEWEST, latent_plane
from kerasae.pca import PCA, fit_pca
from kerasae.runs.listing import shown
from kerasae.runs.run import Run
from kerasae.runs.run_data import trained_on_others
from kerasae.show.beside_pca import pca_mark
from kerasae.show.headline import Headline, headline
from kerasae.show.report_page import PageContent, PageFigure, PageSection
from kerasae.show.run_images import compared, mosaic, picture_groups
from kerasae.show.table import Cell, Column, Table

# SSIM takes a millisecond and a half an image.
_MOST_SSIM = 100


def run_page(run: Run, data: ImageData, command: str, pca: PCA | None = None) -> PageContent:
    """Puts the page about a run together.

    Args:
        run: The run, with its model.
        data: Its images.
        command: The command that makes the page, shown where the run's own is not known.
        pca: PCA of the images that it was trained on, where it is fitted already.

    Raises:
        ArtifactError: If a file of the run is missing or damaged.
        InvalidSetting: If the data's images have another shape than the model's.
    """
    top, sections = run_sections(run, data, pca)
    made = run.record and run.record.command
    summary = [f"Run {run.name}, trained on {data.title}.", *others_words(run, data)]
    return PageContent(
        f"{data.title}: {network_name(run)}", summary, sections, made or command,
        run_facts(run, data), top,
    )  # fmt: skip


def others_words(run: Run, data: ImageData) -> list[str]:
    """Says so where the images are others than those that the run was trained on."""
    if not trained_on_others(run, data):
        return []
    return [f"The images shown here, of {data.name}, are others than those it was trained on."]


def network_name(run: Run) -> str:
    """Names a run's network by its kind and its widths."""
    one = run.experiment
    return f"{one.architecture} {'-'.join(map(str, (*one.hidden_dims, one.latent_dim)))}"


def run_sections(
    run: Run, data: ImageData, pca: PCA | None = None
) -> tuple[Headline, list[PageSection]]:
    """Returns how a run compares with PCA, and the sections of its page; see `run_page`."""
    part = data.parts(run.experiment.validation_split).train
    pca = pca or fit_pca(part.images, run.experiment.latent_dim, part.rows)
    scores = evaluate_beside(pca, run.model, data, run.experiment, _MOST_SSIM)
    these = compared(run, data, pca)
    part_name = "train" if these.part == "training" else these.part
    best = _best_epoch(run)
    pictures = PageSection(
        "Images",
        [
            "Images, their reconstructions by PCA and by the network, and the errors of both."
            if these.noisy is None
            else "Images, the same with noise, what PCA and the network reconstruct from that, and "
            "the errors of both."
        ],
        pictures=picture_groups(run, these, pca),
    )
    sections = [
        pictures,
        _curves(run, scores, best),
        _scores(scores, run.metrics),
        _latent(run, data),
    ]
    return headline(run, scores, part_name, these.difference, best), sections


def _best_epoch(run: Run) -> int | None:
    """Returns the epoch with the best validation; `None` where no images were held out."""
    best = run.metrics.get("best_epoch")
    if isinstance(best, int):
        return best
    held_out = [row["val_mse"] for row in run.history if "val_mse" in row]
    return int(np.argmin(held_out)) + 1 if held_out else None


def _curves(run: Run, scores: Evaluation, best_epoch: int | None) -> PageSection:
    from kerasae.show.curves import run_panels

    pca = scores.pca.get("validation", scores.pca["train"])
    panels = run_panels(run.history, best_epoch, (pca.mse, pca.psnr))
    return PageSection(
        "Training", figures=[PageFigure.plot(panel.drawn, panel.words) for panel in panels]
    )


def _scores(scores: Evaluation, metrics: Mapping[str, Any]) -> PageSection:
    # Images smaller than its window have none.
    known_ssim = any(ours.ssim is not None for ours in scores.model.values())
    rows = []
    for part, ours in scores.model.items():
        pca = scores.pca[part]
        ratio = ours.mse / pca.mse if pca.mse else None
        known = [metrics] if part == "test" else []
        mark = "" if ratio is None else pca_mark(ratio, 1, known)
        rows.append(
            [part, f"{ours.images:,}", ours.mse, pca.mse, Cell(ratio, mark), ours.psnr, pca.psnr,
             *([ours.ssim, pca.ssim] * known_ssim)]
        )  # fmt: skip
    columns = [
        Column("part"), Column("images"), Column("MSE", "#.4g"), Column("PCA's MSE", "#.4g", "dim"),
        Column("MSE, share of PCA's", ".1%"), Column("PSNR (dB)", ".2f"),
        Column("PCA's PSNR", ".2f", "dim"),
        *([Column("SSIM", ".4f"), Column("PCA's SSIM", ".4f", "dim")] * known_ssim),
    ]  # fmt: skip
    of_ssim = f" SSIM of at most {_MOST_SSIM:,} images a part." if known_ssim else ""
    note = (
        f"MSE over pixels in [0, 1]; PSNR is the mean over the images.{of_ssim} PCA has "
        f"{scores.latent_dim} components, fitted on the training part, and outputs clipped to "
        "[0, 1]."
    )
    title = "The network and PCA on each part of the data"
    return PageSection("Scores", tables=[Table(title, columns, rows, note)])


def _latent(run: Run, data: ImageData) -> PageSection:
    from kerasae.show.latent_figure import scatter_figure

    title = "Latent space"
    if run.experiment.latent_dim < 2:
        return PageSection(title, ["A code of one dimension cannot be drawn in a plane."])
    if len(data.test) < FEWEST:
        return PageSection(title, ["There are too few test images to draw."])
    plane = latent_plane(run.model, data)
    by_class = " by class" if plane.class_names else ""
    codes = f"Codes of the {len(plane.codes):,} test images{by_class}: {plane.axis_name}."
    figures = [PageFigure.plot(scatter_figure(plane), codes, "png")]
    if plane.decoded is not None:
        words = "Images decoded from points on a grid in that plane."
        figures.append(PageFigure(mosaic(plane.decoded), words, "pixels"))
    words = "Walks between two images, in equal steps of the code."
    figures.append(PageFigure(mosaic(plane.walks), words, "pixels"))
    return PageSection(title, figures=figures)


def run_facts(run: Run, data: ImageData) -> dict[str, Mapping[str, object]]:
    """Returns the settings of a run, its data, and what it was made with."""
    settings = {name: _fact(value) for name, value in run.settings().items()}
    record = run.record
    if record is None:
        return {
            "Settings": settings,
            "Data": _data_facts(data.name, (len(data.train), len(data.test)), data.checksums()),
            "Versions that made this page": environment()["versions"],
        }
    facts = _data_facts(
        record.dataset or data.name, record.images or (len(data.train), len(data.test)),
        record.data_md5,
    )  # fmt: skip
    names = ("date", "machine", "cores", "instructions", "way")
    made = {name: getattr(record, name) for name in names}
    known = {name: value for name, value in made.items() if value is not None}
    return {"Settings": settings, "Data": facts, "Made with": {**known, **record.versions}}


def _data_facts(place: str, images: tuple[int, ...], md5: tuple[str, ...]) -> dict[str, object]:
    names = ("MD5, training images", "training labels", "test images", "test labels", "validation")
    counts = dict(zip(("to train on", "to test"), map("{:,}".format, images), strict=False))
    return {"images": place, **counts, **dict(zip(names, md5, strict=False))}


def _fact(value: Any) -> str:
    return "none" if value is None else shown(value)
