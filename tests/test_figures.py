"""What the figures show, read back from the drawn axes; both file formats."""

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from kerasae.experiment import Experiment
from kerasae.inference.latent_plane import LatentPlane
from kerasae.runs.run import Run
from kerasae.show.beside_pca import pca_mark
from kerasae.show.curves import (
    history_figure,
    learning_rate_figure,
    overfit_figure,
    regularization_figure,
    run_panels,
)
from kerasae.show.figure_files import save_figure
from kerasae.show.latent_figure import latent_figure
from kerasae.show.run_table import run_table
from kerasae.show.sweep_figure import sweep_figure
from kerasae.show.sweep_table import network_names, sweep_table
from kerasae.show.table import Cell, Column, Table
from kerasae.show.terminal import rich_table
from kerasae.show.versions_figure import versions_figure


def _labels(axes):
    return axes.get_legend_handles_labels()[1]


def test_each_image_of_the_denoising_figure_carries_its_own_psnr():
    clean = np.zeros((2, 4, 4))
    noisy = np.stack([np.full((4, 4), 0.1), np.full((4, 4), 0.01)])  # 20 and 40 dB
    figure = versions_figure(clean, {"noisy": noisy}, "title")
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "20.0 dB", "40.0 dB"]
    assert figure.axes[2].get_ylabel() == "noisy\n30.0 dB"


def test_the_overfit_figure_marks_the_best_validation_epoch():
    train, val = [0.3, 0.2, 0.1], [0.3, 0.25, 0.28]
    axes = overfit_figure(train, val, "MNIST", {"PCA": 0.2}).axes[0]
    assert "best validation: 0.2500, epoch 2" in _labels(axes)
    assert "PCA: 0.2000" in _labels(axes)


@pytest.mark.parametrize(
    ("errors", "label"),
    [([0.3, 0.1, 0.2], "best: 0.01"), ([0.3, 0.2, 0.1], "best: 0.1 (edge of the range)")],
)
def test_the_learning_rate_figure_marks_the_best_rate_and_the_edge(errors, label):
    rates = [0.001, 0.01, 0.1]
    curves = {rate: [0.5, error] for rate, error in zip(rates, errors, strict=True)}
    assert label in _labels(learning_rate_figure(rates, errors, curves).axes[0])


def test_a_failed_rate_is_no_best_rate():
    figure = learning_rate_figure([0.1, 1.0], [0.2, None], {0.1: [0.3, 0.2]})
    assert [text.get_text() for text in figure.axes[0].texts] == ["failed"]
    assert len(figure.axes[1].lines) == 1


def test_the_regularization_figure_marks_the_best_strength_of_each_regularizer():
    none = {"train_mse": 0.1, "val_mse": 0.2}
    worse = {"train_mse": 0.3, "val_mse": 0.3}
    searches = {
        "Lasso λ": {0: none, 1e-5: none, 1e-3: worse},
        "Dropout rate": {0.1: worse, 0.2: none},
    }
    lasso, dropout = regularization_figure(searches, none).axes
    assert (lasso.get_xscale(), dropout.get_xscale()) == ("log", "linear")
    assert [axes.get_legend().texts[0].get_text() for axes in (lasso, dropout)] == [
        "best: 1e-05",
        "best: 0.2",
    ]


def test_the_latent_figure_shows_every_code_the_grid_and_the_walks():
    codes, labels = np.arange(12.0).reshape(6, 2), np.array([0, 0, 1, 1, 1, 2])
    decoded, walks = np.ones((3, 5, 4, 4)), np.ones((2, 7, 4, 4))
    figure = latent_figure(LatentPlane(codes, labels, ["a", "b", "c"], decoded, walks, "code"))
    plane, grid, walk = figure.axes
    assert sum(len(line.get_xdata()) for line in plane.lines) == 6
    assert [axes.images[0].get_array().shape for axes in (grid, walk)] == [(12, 20), (8, 28)]


def test_the_first_row_of_the_decoded_grid_is_at_the_top():
    decoded = np.zeros((2, 2, 1, 1))
    decoded[0, 1] = 1
    codes, labels, walks = np.zeros((1, 2)), np.zeros(1, int), np.zeros((1, 2, 1, 1))
    figure = latent_figure(LatentPlane(codes, labels, ["a"], decoded, walks, "code"))
    assert figure.axes[1].images[0].get_array().tolist() == [[0, 1], [0, 0]]


def test_the_names_of_strangers_are_drawn_as_they_are(tmp_path):
    names = [r"$\bad$", "a\udc80", "\x1b$x_1$", r"\$y\$"]
    drawn = [r"$\bad$", r"a\udc80", r"\x1b$x_1$", r"\$y\$"]
    codes = np.arange(8.0).reshape(4, 2)
    plane = LatentPlane(codes, np.arange(4), names, None, np.zeros((5, 11, 4, 4)), "code")
    history = history_figure({name: [0.2, 0.1] for name in names}, "MSE")
    for number, figure in enumerate((latent_figure(plane), history)):
        svg = save_figure(tmp_path, str(number), figure)[1].read_text(encoding="utf-8")
        assert set(drawn) <= set(re.findall(r"<!-- (.*?) -->", svg))


def test_a_figure_is_saved_as_png_and_as_svg_that_do_not_change(tmp_path):
    figure = overfit_figure([0.2, 0.1], [0.2, 0.1], "a")
    png, svg = save_figure(tmp_path / "new", "curves", figure)
    assert Image.open(png).format == "PNG"
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    first = svg.read_bytes()
    save_figure(tmp_path / "new", "curves", figure)
    assert svg.read_bytes() == first
    assert sorted(path.name for path in png.parent.iterdir()) == ["curves.png", "curves.svg"]


def _row(status, dim=30, **scores):
    cell = {"architecture": "basic", "hidden_dims": "256", "learning_rate": 0.003}
    return {**cell, "latent_dim": dim, "status": status, **scores}


def _cells(rows, dims=(30,)):
    table = sweep_table(rows, dict.fromkeys(dims, 0.02), "mnist5k")
    return [(row[1].text, row[1].mark) for row in table.drawn_rows()]


def test_networks_are_told_apart_by_their_rates_where_one_has_several():
    rows = [_row("done"), {**_row("done"), "hidden_dims": "8-4", "learning_rate": 0.001}]
    assert [name for _, name in network_names(rows)] == ["256", "8-4"]
    rows.append({**rows[1], "learning_rate": 0.01})
    names = [name for _, name in network_names(rows)]
    assert names == ["256, lr 0.003", "8-4, lr 0.001", "8-4, lr 0.01"]


def test_a_cell_without_a_finished_trial_says_why():
    rows = [_row("stopped", 15), _row("failed"), _row("stopped", 50), _row("failed", 50)]
    failed = ("failed", "failed")
    assert _cells(rows, (15, 30, 50)) == [("stopped", ""), failed, failed]


def test_a_cell_that_ends_worse_than_pca_is_marked():
    bad = _row("done", 50, test_mse=0.03, test_psnr=15.2, val_mse=0.03)
    good = _row("done", test_mse=0.01, test_psnr=20.0, val_mse=0.01)
    assert _cells([good, bad], (30, 50)) == [
        ("★ 0.01000 (50%, 20.00 dB)", "best"),
        ("▼ 0.03000 (150%, 15.20 dB)", "loses"),
    ]
    assert _cells([bad], (50,)) == [("★ ▼ 0.03000 (150%, 15.20 dB)", "best")]


def test_a_narrow_terminal_folds_a_cell_between_its_numbers():
    scores = {"test_mse": 0.005971, "test_psnr": 22.24, "val_mse": 0.006, "status": "done"}
    widths = ("256", "512", "1024")
    rows = [{**_row(**scores), "hidden_dims": width} for width in widths]
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(rich_table(sweep_table(rows, {30: 0.0105}, "mnist"), console.width))
    shown = console.export_text().replace("│", " ").split()
    for part in ("0.005971", "(57%,", "22.24"):
        assert shown.count(part) == len(widths)


def test_a_sweeps_table_explains_the_signs_that_it_has_and_has_the_reports_dimensions():
    def table(mse, dim, dataset="mnist"):
        row = _row("done", dim, test_mse=mse, test_psnr=17.0, val_mse=mse)
        return sweep_table([row], {dim: 0.02}, dataset)

    assert table(0.01, 30).note == "★ best by validation"
    assert "▼ worse than PCA" in table(0.03, 30).note
    assert table(0.03, 30).note.endswith("wider networks")
    assert "≈" not in table(0.03, 30).note
    of_report = [column.heading for column in table(0.01, 30, "mnist5k").columns[-2:]]
    assert of_report == ["report (MNIST)\nbasic", "report (MNIST)\nextended"]
    assert [column.heading for column in table(0.01, 31, "mnist5k").columns[-1:]] == ["PCA"]


def test_a_cell_within_two_standard_errors_of_pca_is_level():
    def cell(*differences):
        rows = [
            _row(
                "done",
                test_mse=0.0201,
                test_psnr=17.0,
                val_mse=0.02,
                pca_difference=difference,
                pca_difference_se=0.001,
            )
            for difference in differences
        ]
        ((text, mark),) = _cells(rows)
        return text.split()[1], mark

    assert cell(0.0019) == ("≈", "best")
    assert cell(0.0021) == ("▼", "best")
    # The mean over the seeds, each of which is tested on the same images.
    assert cell(0.0021, 0.0017) == ("≈", "best")
    assert cell(0.0021, 0.0025) == ("▼", "best")


def test_pca_itself_is_level_with_pca():
    # The start, kept as the best epoch, scores as PCA does up to rounding, in every image.
    known = [{"pca_difference": 2e-10, "pca_difference_se": 1e-11}]
    assert pca_mark(0.0047690001, 0.004769, known) == "level"
    assert pca_mark(0.0, 0.0, []) == "level"
    # By a share of PCA's, as pages have it.
    difference = [{"pca_difference": -3e-4, "pca_difference_se": 1e-5}]
    assert pca_mark(0.97, 1, difference) == ""


def test_the_table_of_a_run_marks_its_test_error_as_the_sweep_does():
    def marked(difference):
        metrics = {"epochs": 1, "train_seconds": 1.0, "seconds": 1.0, "images_per_second": 1.0}
        for part in ("train", "val", "test"):
            metrics |= {f"{part}_mse": 0.0201, f"{part}_psnr": 17.0}
        metrics |= {"pca_test_mse": 0.02}
        metrics |= {"pca_difference": difference, "pca_difference_se": 0.001}
        run = Run.of(experiment=Experiment("mnist5k"), metrics=metrics)
        table = run_table(run)
        return table.drawn_rows()[2][0].text, "worse" in table.note, "level" in table.note

    assert marked(0.0021) == ("▼ test", True, False)
    assert marked(0.0019) == ("≈ test", False, True)
    # A run of an older version does not know the difference per image.
    assert marked(None) == ("▼ test", True, False)


def test_the_star_is_given_by_validation_and_shared_where_the_seeds_do_not_tell():
    def trials(dim, val, test):
        return [_row("done", dim, val_mse=v, test_mse=test, test_psnr=20.0) for v in val]

    def starred(*cells):
        rows = [row for cell in cells for row in trials(*cell)]
        marks = [mark for _, mark in _cells(rows, [cell[0] for cell in cells])]
        return [mark == "best" for mark in marks]

    # The test error of the first is the lowest; by one seed each, the second is best.
    assert starred((15, [0.011], 0.001), (30, [0.010], 0.012)) == [False, True]
    # Means of 0.010 and 0.011 with standard errors of 0.001 each: 2 x 0.0014 apart is not told.
    assert starred((15, [0.009, 0.011], 0.01), (30, [0.010, 0.012], 0.01), (50, [0.02] * 2, 1)) == [
        True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(("low", "high"), [(0.0113, 0.0118), (0.008, 0.02), (0.001, 0.5)])
def test_an_axis_of_errors_has_a_handful_of_labels(low, high):
    figure = overfit_figure([high, low], [high, (low * high) ** 0.5])
    figure.draw_without_rendering()
    axes = figure.axes[0]
    inside = [t for t in axes.get_yticks() if axes.get_ylim()[0] <= t <= axes.get_ylim()[1]]
    assert 3 <= len(inside) <= 10


def test_the_gap_is_shaded_only_where_validation_lies_above_training():
    axes = overfit_figure([0.5, 0.2, 0.1], [0.4, 0.25, 0.2]).axes[0]
    (shade,) = axes.collections
    heights = np.concatenate([path.vertices[:, 1] for path in shade.get_paths()])
    assert heights.max() <= 0.25


def test_lines_are_named_where_they_end_and_no_name_covers_another():
    rows = [
        {**_row("done", dim, test_mse=0.01 + network / 1e5, test_psnr=20.0, val_mse=0.01),
         "hidden_dims": str(network)}
        for network in range(1, 6) for dim in (15, 30)
    ]  # fmt: skip
    axes = sweep_figure(rows, {15: 0.02, 30: 0.0101}, "mnist5k").axes[0]
    assert "lower is better" in axes.get_ylabel()
    named = {text.get_text(): text.xyann[1] for text in axes.texts}
    assert set(named) == {"PCA", *(f"basic ({network})" for network in range(1, 6))}
    assert np.diff(sorted(named.values())).min() > 0.07


def test_a_sweeps_bars_are_a_standard_deviation_over_the_seeds():
    rows = [_row("done", test_mse=mse, test_psnr=20.0, val_mse=0.01) for mse in (0.01, 0.03)]
    axes = sweep_figure(rows, {30: 0.02}, "mnist5k").axes[0]
    (bars,) = axes.collections
    spread = 0.02 / 2**0.5
    np.testing.assert_allclose(bars.get_segments()[0][:, 1], [0.02 - spread, 0.02 + spread])


def test_rounding_does_not_fill_a_sweeps_axis():
    rows = [_row("done", test_mse=0.02 * (1 + 1e-6), test_psnr=17.0, val_mse=0.02)]
    axes = sweep_figure(rows, {30: 0.02}, "photos").axes[0]
    low, high = axes.get_ylim()
    assert low < 0.02 < high
    assert high / low > 1.009
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(labels) == len(set(labels)) > 1


def test_a_run_has_panels_of_one_size_with_pca_and_the_best_epoch():
    history = [
        {"epoch": epoch, "mse": 0.9, "train_mse": 0.3 / epoch, "val_mse": 0.4 / epoch,
         "val_psnr": 10.0 + epoch, "learning_rate": 1e-3}
        for epoch in (1, 2, 3)
    ]  # fmt: skip
    panels = run_panels(history, 2, (0.25, 11.5))
    assert [panel.drawn.get_size_inches().tolist() for panel in panels] == [[4.8, 3.1]] * 3
    errors = {line.get_label(): line for line in panels[0].drawn.axes[0].lines}
    np.testing.assert_allclose(errors["training"].get_ydata(), [0.3, 0.15, 0.1])
    assert set(errors["PCA"].get_ydata()) == {0.25}
    (star,) = [line for line in errors.values() if line.get_marker() == "*"]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (2, 0.2)
    assert "epoch that was kept, 2" in panels[0].words
    # The start itself, which no curve has, is where PCA is.
    (star,) = [
        line
        for line in run_panels(history, 0, (0.25, 11.5))[0].drawn.axes[0].lines
        if line.get_marker() == "*"
    ]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (0, 0.25)
    old = [{"epoch": 1, "mse": 0.3}, {"epoch": 2, "mse": 0.2}]
    (only,) = run_panels(old, None)
    assert only.drawn.axes[0].lines[0].get_label() == "training (epoch's mean)"


def test_codes_without_classes_have_no_legend():
    plane = LatentPlane(
        np.arange(8.0).reshape(4, 2), np.zeros(4, int), [], None, np.zeros((5, 11, 4, 4)), "code"
    )
    axes = latent_figure(plane).axes[0]
    assert axes.get_legend() is None
    assert sum(len(line.get_xdata()) for line in axes.lines) == 4


@pytest.mark.parametrize(
    ("dataset", "curve", "columns"),
    [
        ("mnist", True, ["report\nbasic", "report\nextended"]),
        ("mnist5k", False, ["report (MNIST)\nbasic", "report (MNIST)\nextended"]),
        ("photos/mnist", False, []),
    ],
)
def test_the_report_stands_beside_its_own_data_sets_only(dataset, curve, columns):
    rows, pca_mse = [_row("done", test_mse=0.01, test_psnr=20.0)], {30: 0.02}
    axes = sweep_figure(rows, pca_mse, dataset).axes[0]
    name = dataset.removeprefix("photos/")
    assert axes.get_title() == f"Reconstruction error on {name}"
    assert ("report, basic" in _labels(axes)) is curve
    table = sweep_table(rows, pca_mse, dataset)
    assert table.title == f"{name}: test MSE (share of PCA's, PSNR)"
    assert [column.heading for column in table.columns[3:]] == columns


def test_a_terminal_shows_names_as_they_are_and_marks_as_colours():
    rows = [["[red]a\x1b[2J", Cell(0.5, "best")], ["b", None], ["c", Cell("failed", "failed")]]
    table = Table("[b]", [Column(":x:"), Column("two\nlines", ".2f", "dim")], rows, "\x1b")
    console = Console(width=40, record=True, force_terminal=True, file=io.StringIO())
    console.print(rich_table(table, console.width))
    text = console.export_text(clear=False)
    for shown in ("[red]a\\x1b[2J", "★ 0.50", "[b]", ":x:", "lines ", "\\x1b "):
        assert shown in text
    assert "\x1b[1;32m★ 0.50" in console.export_text(styles=True)


def test_perfect_scores_are_drawn_too():
    history = [{"mse": 0.0, "val_mse": 0.0, "val_psnr": 100.0}] * 2
    for panel in run_panels(history, 0, (0.0, 100.0)):
        panel.drawn.draw_without_rendering()
        assert all(0 <= text.xyann[1] + 0.1 <= 1.2 for text in panel.drawn.axes[0].texts)


@pytest.mark.parametrize("width", [30, 40, 55, 70, 100])
def test_numbers_are_never_cut_whatever_the_width(width):
    columns = [Column(""), Column("images"), Column("MSE", ".5f"), Column("PSNR (dB)", ".2f")]
    columns += [Column("SSIM", ".4f"), Column("share of PCA's", ".1%")]
    rows = [
        ["train", "40,500", Cell(0.01234, "best"), 15.71, 0.5907, 0.876],
        ["PCA 12, validation", "4,500", 12345.67891, -33.79, -0.0001, 1.0],
    ]
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(rich_table(Table("a long title " * 9, columns, rows), width))
    text = console.export_text()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    words, left_out = text.split(), " ".join(text.split()).partition("no room for ")[2]
    numbers = [["40,500", "4,500"], ["0.01234", "12345.67891"], ["15.71", "-33.79"]]
    numbers += [["0.5907", "-0.0001"], ["87.6%", "100.0%"]]
    for column, shown in zip(columns[1:], numbers, strict=True):
        assert set(shown) <= set(words) or column.heading in left_out
    assert bool(left_out) == (width <= 40)
