"""Saved models in the hands of somebody who has Keras and not kerasae."""

import os
import re
import subprocess
import sys

import keras
import pytest

from kerasae.models import autoencoder

CODE = """
import sys
import keras, numpy as np
model = keras.saving.load_model(sys.argv[1])
images = np.random.RandomState(0).rand(40, *model.input_shape[1:]).astype("float32")
print(model.predict(images, verbose=0).shape)
"""


def used(path):
    """Loads a model and predicts; returns what was printed, and the lines logged, without times."""
    # TensorFlow fuses layers so by itself on newer processors only.
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", CODE, path], capture_output=True, text=True, env=environment
    )
    return done.stdout, {re.sub(r"\d+", "", line) for line in done.stderr.splitlines()}


@pytest.fixture(scope="module")
def trivial(tmp_path_factory):
    path = tmp_path_factory.mktemp("trivial") / "model.keras"
    keras.Sequential([keras.Input((8, 8)), keras.layers.Reshape((8, 8))]).save(path)
    return used(path)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"shortcut": "linear"}])
def test_a_model_logs_nothing_that_a_trivial_one_does_not(trivial, tmp_path, options):
    autoencoder((8, 8), (32,), 4, **options).save(tmp_path / "model.keras")
    printed, logged = used(tmp_path / "model.keras")
    assert printed == trivial[0] == "(40, 8, 8)\n"
    assert logged <= trivial[1]
