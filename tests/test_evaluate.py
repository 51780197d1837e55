"""Scores of saved models, checked against scikit-learn, scikit-image and by hand."""

import dataclasses
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.decomposition import PCA

from kerasae.data.image_data import ImageData, validation_rows
from kerasae.errors import InvalidSetting
from kerasae.evaluation import evaluate
from kerasae.experiment import Experiment
from kerasae.runs.fitting import fit_run


def run(*words):
    command = [sys.executable, "-m", "kerasae_cli.main", "evaluate", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True)


def averager(shape=(28, 28)):
    """An autoencoder of two dimensions that others might have made: fixed random weights."""
    image = keras.Input(shape)
    flat = keras.layers.Reshape((int(np.prod(shape)),))(image)
    code = keras.layers.Dense(2, kernel_initializer=keras.initializers.RandomNormal(0.01, seed=1))
    pixels = keras.layers.Dense(
        int(np.prod(shape)), "sigmoid", kernel_initializer=keras.initializers.Zeros()
    )
    return keras.Model(image, keras.layers.Reshape(shape)(pixels(code(flat))))


def test_scores_agree_with_independent_libraries(digits):
    found = evaluate(averager(), digits)
    rows, held_out = validation_rows(len(digits.train), 0.1)
    clean = digits.test / 255
    grey = np.full((28, 28), 0.5)  # what the sigmoid of zero makes of anything
    test = found.model["test"]
    assert test.mse == pytest.approx(np.square(clean - 0.5).mean(), rel=1e-6)
    psnrs = [peak_signal_noise_ratio(image, grey, data_range=1) for image in clean]
    assert test.psnr == pytest.approx(np.mean(psnrs), rel=1e-6)
    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    similar = [structural_similarity(image, grey, data_range=1, **wang) for image in clean]
    assert test.ssim == pytest.approx(np.mean(similar), rel=1e-4)
    assert found.model["train"].images == len(rows)
    assert found.model["validation"].images == len(held_out)

    pca = PCA(2).fit(digits.train[rows].reshape(len(rows), -1) / 255)
    flat = clean.reshape(len(clean), -1)
    output = np.clip(pca.inverse_transform(pca.transform(flat)), 0, 1)
    assert found.pca["test"].mse == pytest.approx(np.square(output - flat).mean(), rel=1e-4)


def test_a_denoiser_is_scored_on_the_noise_of_its_training(digits):
    experiment = Experiment("mnist5k", (8,), 4, epochs=1, batch_size=50, sigma=0.6)
    done = fit_run(experiment, digits)
    found = evaluate(done.model, digits, experiment)
    for part, name in (("train", "train"), ("validation", "val"), ("test", "test")):
        assert found.model[part].mse == pytest.approx(done.metrics[f"{name}_mse"], rel=1e-4)
        assert found.model[part].psnr == pytest.approx(done.metrics[f"{name}_psnr"], rel=1e-4)


@pytest.mark.slow
def test_so_is_one_of_more_images_than_are_scored_at_once():
    images = np.random.RandomState(0).randint(0, 256, (10_500, 3, 3), np.uint8)
    labels = np.zeros(len(images), np.uint8)
    data = ImageData("random", np.concatenate([images, images]), np.tile(labels, 2), images, labels)
    settings = {"epochs": 1, "batch_size": 500, "sigma": 0.6, "validation_split": 0.5}
    experiment = Experiment("random", (4,), 2, **settings)
    done = fit_run(experiment, data)
    found = evaluate(done.model, data, experiment)
    for part, name in (("train", "train"), ("validation", "val"), ("test", "test")):
        assert found.model[part].mse == pytest.approx(done.metrics[f"{name}_mse"], rel=1e-6)


def test_grey_images_may_have_a_channel_axis_and_other_shapes_are_refused(digits):
    channel = evaluate(averager((28, 28, 1)), digits)
    assert channel.model["test"].mse == evaluate(averager(), digits).model["test"].mse
    with pytest.raises(InvalidSetting, match=r"\(20, 28\).*expected one of \(28, 28\)"):
        evaluate(averager((20, 28)), digits)


@pytest.fixture(scope="module")
def saved(tmp_path_factory, digits):
    experiment = Experiment("mnist5k", (8,), 4, epochs=1, validation_split=0.2)
    folder = tmp_path_factory.mktemp("saved") / "run"
    fit_run(digits.resolved(experiment), digits).save(folder)
    return folder


@pytest.mark.full
def test_the_command_takes_the_runs_own_settings(saved):
    done = run(saved, "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert (printed["path"], printed["dataset"]) == (str(saved), "mnist5k")
    assert printed["latent_dim"] == 4
    assert [part["images"] for part in printed["model"].values()] == [3600, 900, 500]
    assert set(printed["pca"]) == set(printed["model"])


@pytest.mark.full
def test_a_file_is_scored_like_its_run(saved):
    whole, alone = (
        run(saved, "--json"),
        run(saved / "model.keras", "--dataset", "mnist5k", "--json"),
    )
    a, b = (json.loads(done.stdout)["model"]["test"] for done in (whole, alone))
    assert a == pytest.approx(b, rel=1e-5)
    table = run(saved / "model.keras", "--dataset", "mnist5k").stdout
    assert "PCA 4, test" in table


@pytest.mark.slow
def test_what_is_no_model_is_one_line(saved, tmp_path):
    notes = tmp_path / "notes.keras"
    notes.write_text("no model")
    for path in (notes, tmp_path / "missing.keras", tmp_path):
        done = run(path)
        assert done.returncode == 2
        assert str(path) in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    model = saved.parent / "small.keras"
    averager((20, 28)).save(model)
    done = run(model, "--dataset", "mnist5k")
    assert done.returncode == 2
    assert "(20, 28)" in done.stderr


def test_an_evaluation_is_plain_json(digits):
    found = evaluate(averager(), dataclasses.replace(digits, train=digits.train[:50]))
    assert json.loads(json.dumps(found.to_dict()))["latent_dim"] == 2


@pytest.mark.slow
@pytest.mark.parametrize(("side", "known"), [(11, True), (10, False)])
def test_images_smaller_than_the_window_of_ssim_have_none_and_no_column(tmp_path, side, known):
    model = tmp_path / "model.keras"
    averager((side, side)).save(model)
    images = np.random.RandomState(0).randint(0, 256, (30, side, side)).astype(np.uint8)
    np.save(tmp_path / "images.npy", images)
    done = run(model, "--dataset", tmp_path / "images.npy")
    assert done.returncode == 0, done.stderr
    assert ("SSIM" in done.stdout) == known
