"""Saved models in the hands of somebody who has Keras and not kerasae."""

import importlib.util
import os
import re
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

from kerasae.models import autoencoder
from kerasae.pca import fit_pca
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
IMAGES = np.random.RandomState(0).randint(0, 256, (40, 8, 8)).astype(np.uint8)
MODELS = [
    pytest.param({}, id="plain"),
    pytest.param({"shortcut": "linear", "dropout": 0.1, "l1": 1e-4}, id="linear"),
    pytest.param({"shortcut": "pca", "pca": fit_pca(IMAGES, 4)}, id="pca"),
]


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
@pytest.mark.parametrize("options", MODELS)
def test_a_model_logs_nothing_that_a_trivial_one_does_not(trivial, tmp_path, options):
    save_keras(autoencoder((8, 8), (32,), 4, **options), tmp_path / "model.keras")
    printed, logged = used(tmp_path / "model.keras")
    assert printed == trivial[0] == "tensorflow (40, 8, 8)\n"
    assert logged <= trivial[1]


def layers_of(model):
    return [layer for half in ("encoder", "decoder") for layer in model.get_layer(half).layers]


@pytest.mark.parametrize("options", MODELS)
def test_a_file_holds_no_setting_that_earlier_versions_of_keras_refuse(tmp_path, options):
    path = tmp_path / "model.keras"
    model = autoencoder((8, 8), (32,), 4, **options)
    save_keras(model, path)
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json").decode()
    # Keras 3.6 to 3.12 do not know these names.
    assert not re.search("quantization_config|input_axes|output_axes|renorm", config)
    again = keras.saving.load_model(path)
    np.testing.assert_array_equal(again(IMAGES / 255), model(IMAGES / 255))
    for layer, original in zip(layers_of(again), layers_of(model), strict=True):
        settings, expected = layer.get_config(), original.get_config()
        # On PyTorch, Keras keeps a seed in 32 bits with a sign.
        if "rate" in settings:
            assert settings.pop("seed") == expected.pop("seed") % 2**31
        assert settings == expected


@pytest.mark.full
@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.parametrize("options", MODELS)
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
