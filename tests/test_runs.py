"""Reading runs back, and runs that somebody has tampered with."""

import json
import os
import resource
import shutil

import numpy as np
import pytest
import run_cases
from hostile import assert_refused, refusals

from kerasae.errors import ArtifactError
from kerasae.experiment import Experiment
from kerasae.models import network
from kerasae.runs.reading import read_experiment, read_history, run_file
from kerasae.runs.run import Run

SETTINGS = Experiment(
    "mnist5k", (7, 6), 3, activation="silu", l1=0.1, dropout=0.2, shortcut="linear"
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A run with weights of its own, and its folder."""
    model = network(SETTINGS, (5, 4, 1))
    model.set_weights([np.random.RandomState(0).rand(*w.shape) for w in model.get_weights()])
    folder = tmp_path_factory.mktemp("runs") / "run"
    Run.of(experiment=SETTINGS, model=model, history=[{"loss": 1.0}], metrics={}).save(folder)
    return model, folder


@pytest.fixture
def run(saved, tmp_path):
    """A copy of the run to tamper with."""
    return shutil.copytree(saved[1], tmp_path / "run")


def test_a_run_comes_back_with_its_settings_and_its_bits(saved):
    model, folder = saved
    loaded = Run(folder).model
    assert read_experiment(folder) == SETTINGS
    for ours, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
    images = np.random.RandomState(1).rand(2, 5, 4, 1)
    np.testing.assert_array_equal(model(images), loaded(images))


def test_a_run_is_not_saved_into_the_folder_of_another(saved, run):
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    other = Run.of(experiment=SETTINGS, model=saved[0], history=[{"loss": 2.0}], metrics={})
    with pytest.raises(ArtifactError, match="is not empty"):
        other.save(run)
    assert {file.name: file.read_bytes() for file in run.iterdir()} == before


def settings(**changes):
    return json.dumps({**SETTINGS.to_dict(), **changes})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("[]", "values by name"),
        ("[" * 9, "nested deeper"),
        (settings(hook="x"), "unknown setting 'hook'"),
        (settings(epochs="ten"), "epochs: received 'ten'"),
        (settings(epochs=True), "epochs: received True"),
        (settings(latent_dim=0), "latent_dim: received 0"),
        (settings(latent_dim=10**6), "weights or more"),
        (settings(hidden_dims=[10**6]), "weights or more"),
        (settings(hidden_dims=5), "hidden_dims: received 5"),
        (settings(hidden_dims=[1] * 101), "a list of at most 100"),
        (settings(hidden_dims="76"), "hidden_dims: received '76'"),
        (settings(hidden_dims=[[7]]), "hidden_dims: received"),
        (settings(hidden_dims=[6, 7]), "describes a network of|does not fit"),
        (settings(hidden_dims=[4]), "describes a network of"),
        (settings(dataset=["mnist"]), "dataset: received"),
        (settings(activation="../x"), "activation: received"),
        (settings(activation={"class_name": "__lambda__"}), "activation: received"),
        (settings(l1=float("inf")), "finite"),
        (settings(clip_noise="no"), "clip_noise: received 'no'; expected True or False"),
        (settings(grayscale=[]), "grayscale: received"),
        (settings(seed=2**32), "seed: received 4294967296; expected .* to 4294967295"),
        (settings(optimizer="x" * 70_000), "expected at most"),
        ('{"epochs": 1, "epochs": 2}', "twice"),
    ],
)
def test_settings_that_are_not_what_a_run_leaves_are_refused(run, text, reason):
    (run / "experiment.json").write_text(text)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ArtifactError, match=reason) as refused:
        Run(run).model
    assert str(run) in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    return refusals(
        tmp_path_factory.mktemp("runs"),
        run_cases.CASES,
        lambda number, place, made: ["evaluate", made],
    )


@run_cases.CASES.parametrized
def test_a_hostile_run_is_refused_in_one_line(refused, one):
    assert_refused(refused[one.name], refused[one.name].made, one.reason)


@pytest.mark.parametrize("name", ["experiment.json", "model.keras"])
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.touch(), "not JSON|zip archive"),
        (lambda path: path.mkdir(), "directory"),
        (lambda path: os.mkfifo(path), "pipe"),
        (lambda path: path.symlink_to(path.with_name("kept")), "symbolic links"),
    ],
)
def test_a_file_of_a_run_that_is_no_file_is_refused(run, name, spoil, reason):
    (run / name).rename(run / "kept")
    spoil(run / name)
    with pytest.raises(ArtifactError, match=reason) as refused:
        Run(run).model
    assert name in str(refused.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("epoch,mse\n1,nan\n", "epoch 1: mse: expected a number"),
        ("epoch,mse\n1,0.1\n2,inf\n", "epoch 2: mse: expected a number"),
        ("epoch,mse\n1,\n", "a number in every column"),
        ("epoch,mse\n1,1_0\n", "a number in every column"),
        ("epoch,mse\n1," + "9" * 300 + "\n", "epoch 1: mse: expected a number"),
        ("epoch,mse\n1.5,0.1\n", "epoch 1: epoch: expected a whole number, received a number"),
        ("epoch,mse\n2,0.1\n", "epoch 1: is called 2"),
        ("epoch,mse\n1\n", "a number in every column"),
        ("epoch,loss\n1,2\n", "epoch 1: mse is missing; train the run again"),
        ("", "the MSE of an epoch"),
    ],
)
def test_a_history_that_is_none_is_refused(tmp_path, text, reason):
    path = tmp_path / "history.csv"
    path.write_text("epoch,mse\n1,0.5\n2,0.25\n")
    assert read_history(tmp_path) == [{"epoch": 1, "mse": 0.5}, {"epoch": 2, "mse": 0.25}]
    path.write_text(text)
    with pytest.raises(ArtifactError, match=rf"history\.csv: .*{reason}"):
        read_history(tmp_path)


def test_a_history_that_lies_elsewhere_is_not_read(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "other").write_text("epoch,mse\n1,0.5\n")
    (tmp_path / "run" / "history.csv").symlink_to(tmp_path / "other")
    with pytest.raises(ArtifactError, match="symbolic links"):
        read_history(tmp_path / "run")


def test_a_run_folder_that_is_a_link_is_refused(run):
    link = run.with_name("link")
    link.symlink_to(run)
    with pytest.raises(ArtifactError, match="symbolic link"):
        Run(link).model
    with pytest.raises(ArtifactError, match="symbolic link"):
        read_experiment(f"{link}/")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "", "..", "a\\b", "C:x", "a\0"])
def test_names_cannot_leave_their_folder(tmp_path, name):
    with pytest.raises(ArtifactError, match="without a folder"):
        run_file(tmp_path, name)


@pytest.mark.parametrize("folder", ["http://127.0.0.1/run", "x" * 300, "a\0b", "nowhere"])
def test_a_folder_that_is_none_is_refused(folder):
    with pytest.raises(ArtifactError, match="folder"):
        Run(folder).model
