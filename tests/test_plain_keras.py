"""Saved models in the hands of somebody who has Keras and not kerasae."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

from kerasae.models import autoencoder
from kerasae.runs.keras_file import save_keras

CODE = """
import sys
import keras, numpy as np
model = keras.saving.load_model(sys.argv[1])
images = np.random.RandomState(0).rand(40, *model.input_shape[1:]).astype("float32")
made = model.predict(images, verbose=0)
np.save(sys.argv[1] + ".npy", made)
print(keras.config.backend(), made.shape)
"""
OPTIONS = [{}, {"shortcut": "linear", "dropout": 0.1, "l1": 1e-4}]


def used(path, backend="tensorflow"):
    """Loads a model and predicts; returns what was printed, and the lines logged, without times."""
    # TensorFlow fuses layers so by itself on newer processors only.
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1", "KERAS_BACKEND": backend}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(path)], capture_output=True, text=True, env=environment
    )
    return done.stdout, {re.sub(r"\d+", "", line) for line in done.stderr.splitlines()}


@pytest.fixture(scope="module")
def trivial(tmp_path_factory):
    path = tmp_path_factory.mktemp("trivial") / "model.keras"
    keras.Sequential([keras.Input((8, 8)), keras.layers.Reshape((8, 8))]).save(path)
    return used(path)


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS)
def test_a_model_logs_nothing_that_a_trivial_one_does_not(trivial, tmp_path, options):
    save_keras(autoencoder((8, 8), (32,), 4, **options), tmp_path / "model.keras")
    printed, logged = used(tmp_path / "model.keras")
    assert printed == trivial[0] == "tensorflow (40, 8, 8)\n"
    assert logged <= trivial[1]


def test_a_file_holds_no_setting_that_earlier_versions_of_keras_do_not_know(tmp_path):
    path = tmp_path / "model.keras"
    model = autoencoder((8, 8), (32, 16), 4, **OPTIONS[1])
    save_keras(model, path)
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json").decode()
    # Keras 3.6 to 3.12 refuse these names.
    assert not re.search("quantization_config|input_axes|output_axes", config)
    # On PyTorch, Keras keeps a seed in 32 bits with a sign.
    halves = [
        layer for layer in json.loads(config)["config"]["layers"] if "layers" in layer["config"]
    ]
    layers = [layer["config"] for half in halves for layer in half["config"]["layers"]]
    seeds = [layer["seed"] for layer in layers if "rate" in layer]
    assert len(seeds) == 4
    assert all(0 <= seed < 2**31 for seed in seeds)
    again = keras.saving.load_model(path)
    images = np.random.RandomState(0).rand(3, 8, 8)
    np.testing.assert_array_equal(again(images), model(images))
    loaded, built = (one.get_layer("encoder").get_layer("hidden_1") for one in (again, model))
    assert loaded.get_config() == built.get_config()


@pytest.mark.full
@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.parametrize("options", OPTIONS)
def test_a_model_computes_the_same_on_the_other_backends(tmp_path, backend, options):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}")
    path = tmp_path / "model.keras"
    save_keras(autoencoder((8, 8), (32,), 4, **options), path)
    made = []
    for one in ("tensorflow", backend):
        printed, logged = used(path, one)
        assert printed == f"{one} (40, 8, 8)\n", logged
        made.append(np.load(tmp_path / "model.keras.npy"))
    np.testing.assert_allclose(*made, atol=1e-5)
