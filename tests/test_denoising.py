"""What the denoising study makes of its runs, whose scores are set by hand."""

import dataclasses

import numpy as np
import pytest

from kerasae.data.image_data import ImageData
from kerasae.errors import InvalidSetting
from kerasae.experiment import Experiment
from kerasae.models import network
from kerasae.runs.run import Run
from kerasae.show.table import Cell
from kerasae.studies.denoising import LABELS, DenoisingStudy
from kerasae.studies.study import Results

BASE = Experiment("own", (3,), 2, shortcut=None, clip_noise=True)


@pytest.fixture(scope="module")
def colour(digits):
    hues = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 1]])[np.arange(60) % 3]
    images = (digits.train[:60, 4:24:2, 4:24:2, None] * hues[:, None, None]).astype(np.uint8)
    return ImageData.from_arrays(images[10:], test=images[:10], name="own")


def found(data, reached):
    """The findings of a study with a denoiser that reaches a PSNR, by sigma."""
    study = DenoisingStudy(BASE, tuple(reached))
    runs = {}
    for trial in study.trials():
        score = reached[trial.experiment.sigma]
        runs[trial.name] = Run.of(
            experiment=trial.experiment,
            model=network(trial.experiment, data.train.shape[1:]),
            metrics={"noisy_psnr": 8.0, "test_psnr": score},
        )
    return study.findings(Results(runs, data, {}))


@pytest.fixture(scope="module")
def both(colour):
    return found(colour, {0.3: 60.0, 0.6: 2.0})


def test_one_level_has_a_row_for_each_method(colour):
    findings = found(colour, {0.3: 60.0})
    (table,) = findings.tables
    assert [column.heading for column in table.columns] == ["", "σ = 0.3, clipped"]
    assert [row[0] for row in table.rows] == list(LABELS.values())
    assert table.rows[-1][1] == Cell(60.0, "best")
    assert list(findings.figures) == ["denoise-sigma0.3"]
    keys = {f"{name}_psnr" for name in LABELS}
    assert keys | {"sigma", "clip", "levels", "test_images"} <= set(findings.summary)
    assert findings.summary["linear_psnr"] == table.rows[-2][1]


def test_several_levels_have_a_row_each(both):
    (table,) = both.tables
    assert [row[0] for row in table.rows] == [0.3, 0.6]
    for row, level in zip(table.rows, both.summary["levels"], strict=True):
        values = [cell.value if isinstance(cell, Cell) else cell for cell in row[1:]]
        assert values == [level[f"{name}_psnr"] for name in LABELS]
        (best,) = (cell.value for cell in row if isinstance(cell, Cell))
        assert best == max(values)
    assert table.rows[0][-1] == Cell(60.0, "best")
    assert "clipped" in table.note


def test_the_figure_has_pca_and_the_best_classical_method(both):
    for level in both.summary["levels"]:
        figure = both.figures[f"denoise-sigma{level['sigma']:g}"].drawn
        shown = [one.get_ylabel().split("\n")[0] for one in figure.axes if one.get_ylabel()]
        classical = [name for name in LABELS if name not in ("noisy", "denoised")]
        best = LABELS[max(classical, key=lambda name, of=level: of[f"{name}_psnr"])]
        rows = ["clean", "noisy input", "PCA projection", best, "autoencoder"]
        assert shown == list(dict.fromkeys(rows))


def test_the_words_say_where_the_network_is_worse(both):
    (words,) = both.words
    assert "better at σ = 0.3" in words
    assert "worse at σ = 0.6" in words
    assert "report" not in words


def test_there_is_something_to_score_by(colour):
    untested = dataclasses.replace(colour, test=colour.test[:0])
    with pytest.raises(InvalidSetting, match="test images: received 0"):
        DenoisingStudy(BASE).resolved(untested)


@pytest.mark.parametrize("sigma", [25, 3.1, 0, -0.1, float("nan")])
def test_noise_for_pixels_up_to_255_is_refused_with_the_scale(sigma):
    with pytest.raises(InvalidSetting, match="25/255 is"):
        DenoisingStudy(BASE, (0.3, sigma))
    if sigma:
        with pytest.raises(InvalidSetting, match="25/255 is"):
            Experiment(sigma=sigma)
