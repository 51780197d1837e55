"""Opening what was saved: the folder of a run, or a file."""

import resource

import keras
import numpy as np
import pytest

from kerasae.errors import ArtifactError, DiskFull, ModelFileError
from kerasae.experiment import Experiment
from kerasae.models import network
from kerasae.runs import run_files
from kerasae.runs.run import Run
from kerasae.runs.saved_models import open_model, open_run

SETTINGS = Experiment("mnist5k", (6,), 3, shortcut="linear")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    model = network(SETTINGS, (5, 4, 3))
    folder = tmp_path_factory.mktemp("runs") / "run"
    Run.of(experiment=SETTINGS, model=model, history=[{"loss": 1.0}], metrics={}).save(folder)
    return model, folder


def test_a_folder_and_its_file_hold_the_same_model(run):
    model, folder = run
    images = np.random.RandomState(0).rand(2, 5, 4, 3)
    opened = open_run(folder), open_run(folder / run_files.MODEL)
    assert [one.experiment for one in opened] == [SETTINGS, Experiment()]
    assert [one.folder for one in opened] == [folder, None]
    for one in opened:
        assert one.model.input_shape == (None, 5, 4, 3)
        np.testing.assert_array_equal(one.model(images), model(images))


def clipped_while_flat(model):
    """The same weights in the order of layers that earlier versions saved."""
    decoder = model.get_layer("decoder")
    pixels = keras.layers.ReLU(1.0, name="clip")(decoder.get_layer("unflatten").input)
    image = keras.layers.Reshape(model.output_shape[1:], name="unflatten")(pixels)
    code = model.get_layer("encoder")(model.input)
    decoder = keras.Model(decoder.input, image, name="decoder")
    return keras.Model(model.input, decoder(code), name="autoencoder")


def test_runs_of_earlier_versions_clip_before_they_reshape_and_open_as_they_did(run, tmp_path):
    model, _ = run
    known = {"experiment": SETTINGS, "history": [{"loss": 1.0}], "metrics": {}}
    Run.of(model=clipped_while_flat(model), **known).save(tmp_path)
    images = np.random.RandomState(0).rand(2, 5, 4, 3)
    for path in (tmp_path, tmp_path / run_files.MODEL):
        np.testing.assert_array_equal(open_model(path)(images), model(images))


def test_no_room_for_the_private_copy_of_a_file_is_told_as_such(run):
    _, folder = run
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(DiskFull, match=r"no room in .* for a copy"):
            open_model(folder / run_files.MODEL)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    "sizes", [((4, 5), (5, 4)), ((4, 4, 4), (4, 16)), ((2, 2, 2, 2), (2, 2, 2, 2))]
)
def test_a_model_that_is_no_autoencoder_of_images_is_refused(tmp_path, sizes):
    given, made = sizes
    image = keras.Input(given)
    keras.Model(image, keras.layers.Reshape(made)(image)).save(tmp_path / "m.keras")
    with pytest.raises(ModelFileError, match="expected an autoencoder"):
        open_model(tmp_path / "m.keras")


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match=r"experiment\.json"):
        open_model(tmp_path)
