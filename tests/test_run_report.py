"""The page about a run or a sweep."""

import dataclasses
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from kerasae.errors import ArtifactError
from kerasae.experiment import Experiment
from kerasae.runs import run_files
from kerasae.runs.fitting import fit_run
from kerasae.runs.run import Run
from kerasae.show.image_pairs import image_pairs
from kerasae.show.report_page import report_page
from kerasae.show.run_page import run_page, runs_to_show


@pytest.fixture(scope="module")
def sweep(digits, tmp_path_factory):
    """Two runs, `worse` and `better [/x]`; a third has scores but no model."""
    folder = tmp_path_factory.mktemp("sweep")
    experiment = Experiment("mnist5k", (16,), 3, epochs=2, batch_size=64)
    run = fit_run(experiment, digits)
    for name, seed, mse in (("worse", 0, 0.3), ("better [red] $a$", 1, 0.2), ("dropped", 2, 0.1)):
        settings = dataclasses.replace(run.experiment, seed=seed)
        metrics = {**run.metrics, "test_mse": mse}
        Run.of(experiment=settings, model=run.model, history=run.history, metrics=metrics).save(
            folder / name
        )
    (folder / "dropped" / run_files.MODEL).unlink()
    return folder


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def test_worst_and_best_images_are_ranked_by_their_error(sweep, digits):
    run = Run(sweep / "worse")
    clean = digits.test.astype(np.float32) / 255
    outputs = run.model.predict(clean, verbose=0)
    errors = np.square(outputs - clean).mean(axis=(1, 2))
    groups = image_pairs(run, digits)
    for group, row in zip(groups, (0, errors.argmax(), errors.argmin()), strict=True):
        first = group.pairs[0]
        label = digits.test_labels[row]
        assert first.caption == f"{label}, image {row}, MSE {errors[row]:.4f}"
        np.testing.assert_array_equal(pixels(first.first), digits.test[row])
        expected = np.clip(outputs[row], 0, 1) * 255
        np.testing.assert_allclose(pixels(first.second), expected, atol=0.51)
    assert [len(group.pairs) for group in groups] == [12, 12, 12]


def test_a_denoiser_is_shown_what_it_sees(sweep, digits):
    noisy = Experiment("mnist5k", sigma=0.5, clip_noise=True)
    run = Run.of(experiment=noisy, model=Run(sweep / "worse").model)
    (group, *_) = image_pairs(run, digits)
    assert group.names == ("noisy image", "denoised image")
    noise = pixels(group.pairs[0].first) / 255 - digits.test[0] / 255
    assert np.abs(noise).mean() > 0.1


def test_a_page_has_all_runs_and_shows_the_best_that_has_a_model(sweep, digits, tmp_path):
    runs, broken = runs_to_show(sweep)
    assert [run.name for run in runs] == ["dropped", "better [red] $a$", "worse"]
    content = run_page(runs, broken, digits, tmp_path, "kerasae report sweep")
    assert list(content.settings) == ["better [red] $a$"]
    (table,) = content.sections[0].tables
    assert [column.heading for column in table.columns[:2]] == ["run", "seed"]
    assert [row[1] for row in table.rows] == [2, 1, 0]
    assert "better [red] $a$" in report_page(content, tmp_path)


def test_two_test_images_have_no_plane_and_still_a_page(sweep, digits, tmp_path):
    two = dataclasses.replace(digits, test=digits.test[:2], test_labels=digits.test_labels[:2])
    content = run_page(*runs_to_show(sweep), two, tmp_path, "kerasae report sweep")
    assert content.sections[-1].paragraphs == ["So few test images have no plane to draw."]
    assert "no plane" in report_page(content, tmp_path)


def test_what_has_no_model_or_would_be_overwritten_is_refused(sweep, tmp_path):
    with pytest.raises(ArtifactError, match="no finished run with its model"):
        runs_to_show(sweep / "dropped")
    with pytest.raises(ArtifactError, match="no finished run"):
        runs_to_show(tmp_path)
    with pytest.raises(ArtifactError, match="is not a folder"):
        runs_to_show(tmp_path / "nowhere")


@pytest.mark.slow
def test_the_command_writes_one_file_and_overwrites_no_other(sweep, tmp_path):
    command = [sys.executable, "-m", "kerasae_cli.main", "report", str(sweep / "worse"), "--json"]
    page = tmp_path / "a page.html"
    done = subprocess.run([*command, "--out", str(page)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["page"] == str(page)
    assert "Worst test images" in page.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["a page.html"]
    done = subprocess.run([*command, "--out", str(page)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "expected a new file" in done.stderr
