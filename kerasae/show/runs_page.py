"""The page about a sweep, or about all the runs of a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.data.image_data import ImageData, short_name
from kerasae.errors import ArtifactError
from kerasae.experiment import Experiment
from kerasae.files.shapes import fields_of
from kerasae.pca import fit_pca
from kerasae.runs import run_files
from kerasae.runs.listing import by_choice, differing, find_runs, short_names, shown
from kerasae.runs.run import Run
from kerasae.show.beside_pca import pca_mark
from kerasae.show.counts import counted
from kerasae.show.report_page import PageContent, PageFigure, PageSection
from kerasae.show.run_page import network_name, others_words, run_facts, run_page, run_sections
from kerasae.show.sweep_table import Rows, finished, sweep_table
from kerasae.show.table import Cell, Column, Table
from kerasae.trials.grid import Sweep

_MOST_ROWS = 1_000  # of more, a page takes seconds to open
_SCORES = ("val_mse", "test_mse", "pca_test_mse", "ratio", "test_psnr", "epochs", "seconds")
_HEADINGS = {
    "val_mse": "validation MSE", "test_mse": "test MSE", "pca_test_mse": "PCA's test MSE",
    "ratio": "share of PCA's", "test_psnr": "PSNR (dB)",
}  # fmt: skip
_FORMATS = {"ratio": ".1%", "test_psnr": ".2f", "seconds": ".1f"}


def runs_to_show(folder: Path) -> tuple[list[Run], list[str]]:
    """Finds the run in a folder, or the runs below it.

    Args:
        folder: That of a run or of a sweep.

    Returns:
        The finished runs, the best by validation first, and a line for each that cannot be read.

    Raises:
        ArtifactError: If there is no finished run, or none has its model.
    """
    runs, broken = [Run(folder)], list[str]()
    if not (folder / run_files.EXPERIMENT).exists():
        runs, broken = find_runs(folder)
    return best_first(folder, runs), broken


def best_first(folder: Path, runs: Sequence[Run]) -> list[Run]:
    """Returns the runs of a folder, the best by validation first.

    Raises:
        ArtifactError: If none has its model.
    """
    if not any(run.has_model for run in runs):
        raise ArtifactError(
            f"{folder}: holds no finished run with its model; choose the folder of a run or a sweep"
        )
    return by_choice(runs)


def folder_page(
    runs: Sequence[Run],
    broken: Sequence[str],
    data: ImageData,
    command: str,
    rows: Rows | None = None,
) -> PageContent:
    """Puts the page about runs together.

    Args:
        runs: The runs, the best first; the first that has a model is shown by itself, too.
        broken: A line for each run that cannot be read.
        data: The images of the run that is shown.
        command: The command that makes the page, shown where the runs' own is not known.
        rows: A mapping per trial with the columns of `results.csv`, of those that failed too;
            `None` makes them of the runs.

    Raises:
        ArtifactError: If a file of a run is missing or damaged.
        InvalidSetting: If the data's images have another shape than the model's.
    """
    chosen = next(run for run in runs if run.has_model)
    if len(runs) == 1 and rows is None:
        return run_page(chosen, data, command)
    split = chosen.experiment.validation_split
    alike = [
        run
        for run in runs
        if run.experiment.dataset == chosen.experiment.dataset
        and run.experiment.validation_split == split
    ]
    part = data.parts(split).train
    differ = differing(alike)
    dims = sorted({run.experiment.latent_dim for run in alike})
    pca = fit_pca(part.images, dims[-1], part.rows)
    pca_mse = pca.mse(data.test, dims) if len(data.test) else {}
    # Of denoisers, PCA's errors are of what they see, and are among their own scores only.
    clean = {} if chosen.experiment.sigma else pca_mse
    of_pca = {run: clean.get(run.experiment.latent_dim) for run in alike}
    top, sections = run_sections(chosen, data, pca)
    all_differ = differ if len(alike) == len(runs) else differing(runs)
    table = _runs_table(runs, all_differ, of_pca)
    results = PageSection("All runs", tables=[table], sortable=True)
    sweep = _sweep(
        alike, differ, rows, pca_mse | _known_pca(rows or map(_row, alike)),
        chosen.experiment.dataset,
    )  # fmt: skip
    title = f"The best run by validation: {network_name(chosen)}"
    sections[0] = PageSection(
        title, [f"{chosen.name}.", *sections[0].paragraphs], pictures=sections[0].pictures
    )
    return PageContent(
        f"{data.title}: {counted(len(rows or runs), 'run')}",
        [
            *_summary(runs, chosen, rows),
            *others_words(chosen, data),
            *(f"Left out: {line}" for line in broken),
        ],
        [*sweep, results, *sections],
        (chosen.record and chosen.record.command) or command,
        run_facts(chosen, data),
        top,
    )


def _known_pca(rows: Iterable[dict[str, Any]]) -> dict[int, float]:
    """Returns PCA's test MSE by dimension, as far as runs have it among their scores."""
    return {
        row["latent_dim"]: row["pca_test_mse"]
        for row in rows
        if row.get("pca_test_mse") is not None
    }


def _summary(runs: Sequence[Run], chosen: Run, rows: Rows | None) -> list[str]:
    by = "validation" if chosen.metrics.get("val_mse") is not None else "training error"
    kept = "" if runs[0].has_model else " whose model was kept"
    words = [f"{len(runs):,} finished runs; this is {chosen.name}, the best by {by}{kept}."]
    for status, what in (("failed", "failed"), ("stopped", "were stopped early")):
        count = sum(row["status"] == status for row in rows or [])
        words += [f"{count:,} {what}."] if count else []
    return [" ".join(words)]


def _sweep(
    runs: Sequence[Run],
    differ: Mapping[str, Any],
    rows: Rows | None,
    pca_mse: dict[int, float],
    dataset: str,
) -> list[PageSection]:
    """Lays runs out as a sweep, where they differ in nothing that its table does not show."""
    from kerasae.show.sweep_figure import drawn_networks, sweep_figure

    others = set(_settings_of(differ)) - set(Sweep.varies)
    if not pca_mse or (rows is None and (len(runs) < 2 or others)):
        return []
    if rows is None:
        rows = sorted(map(_row, runs), key=lambda row: (row["widths"], row["latent_dim"]))
    drawn, left_out = drawn_networks(rows)
    if not finished(drawn):
        return []
    words = "Test MSE of the networks and of PCA by latent dimension. Lower is better."
    if any(row["seed"] for row in drawn if row.get("seed")):
        words += " Bars are one standard deviation over the seeds to each side."
    if left_out:
        words += f" Of {left_out + len({_network(row) for row in drawn})} networks, the best."
    pca_mse = dict(sorted(pca_mse.items()))
    figure = sweep_figure(drawn, pca_mse, dataset)
    table = sweep_table(drawn, pca_mse, dataset)
    return [PageSection("The sweep", figures=[PageFigure.plot(figure, words)], tables=[table])]


def _settings_of(names: Iterable[str]) -> list[str]:
    """Returns those that are settings and no scores."""
    settings = fields_of(Experiment)
    return [name for name in names if name in settings and name not in _SCORES]


def _network(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["hidden_dims"], row["learning_rate"]


def _row(run: Run) -> dict[str, Any]:
    widths = "-".join(map(str, run.experiment.hidden_dims))
    own = {"widths": run.experiment.hidden_dims, "hidden_dims": widths}
    return {**run.values(), **own, "trial": run.name, "status": "done"}


def _runs_table(
    runs: Sequence[Run], differ: Mapping[str, Any], of_pca: dict[Run, float | None]
) -> Table:
    drawn = runs[:_MOST_ROWS]
    settings = _settings_of(differ)
    common, names = short_names([str(run.place) for run in drawn])
    scores = [name for name in _SCORES if name != "epochs" or name in differ]
    rows = []
    for run, name in zip(drawn, names, strict=True):
        values = run.values()
        pca = of_pca.get(run)
        if values.get("pca_test_mse") is None:
            values["pca_test_mse"] = pca
        ours = values.get("test_mse")
        ratio = ours / pca if pca and isinstance(ours, int | float) else run.of_pca
        values["ratio"] = Cell(ratio, "" if ratio is None else pca_mark(ratio, 1, [values]))
        if run is runs[0]:
            values["val_mse"] = Cell(values.get("val_mse"), "best")
        rows.append([name, *(_value(key, values.get(key)) for key in (*settings, *scores))])
    columns = [
        Column(_HEADINGS.get(key, key.replace("_", " ")), _FORMATS.get(key, "#.4g"))
        for key in ("run", *settings, *scores)
    ]
    note = "★ best by validation. Sorted by validation MSE; click a heading to sort by its column."
    if not common.endswith("/"):
        note += f" The names begin with {common.rpartition('/')[2]}."
    if len(drawn) < len(runs):
        note += f" These are the best {_MOST_ROWS:,} of {len(runs):,}; results.csv has all."
    return Table("All runs, with the settings that differ", columns, rows, note)


def _value(name: str, value: object) -> object:
    """Leaves numbers as they are, by which the rows are sorted."""
    if name == "dataset":
        return short_name(str(value))
    plain = value is None or isinstance(value, int | float | Cell)
    return value if plain else shown(value)
