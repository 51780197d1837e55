"""Exported models, run by their own runtimes on real images."""

import importlib.util
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from commands import command

from kerasae.data.datasets import load_dataset
from kerasae.errors import ArtifactError, InvalidSetting, KerasAEError
from kerasae.experiment import Experiment
from kerasae.inference.export import FORMATS, check_export, default_path, export_model, run_exported
from kerasae.models import network
from kerasae.pca import fit_pca, scaled
from kerasae.runs.run import Run

NEEDED = {
    "onnx": ("tf2onnx", "onnxruntime"),
    "litert": ("ai_edge_litert",),
    "openvino": ("openvino",),
}
ENDINGS = {"onnx": "m.onnx", "litert": "m.tflite"}


def skip_without(file_format):
    for module in NEEDED.get(file_format, ()):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")


@pytest.fixture(scope="module")
def digits():
    return load_dataset("mnist5k")


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("activation", ["gelu", "silu"])
def test_other_runtimes_reconstruct_digits_as_keras_does(tmp_path, digits, file_format, activation):
    skip_without(file_format)
    settings = Experiment("mnist5k", (16,), 8, activation=activation, dropout=0.1)
    model = network(settings, (28, 28), fit_pca(digits.train, 8))
    # PCA's start leaves the stack silent; every weight must count.
    random = np.random.RandomState(0)
    model.set_weights([w + 0.01 * random.randn(*w.shape) for w in model.get_weights()])
    path = tmp_path / ENDINGS.get(file_format, "folder")
    assert export_model(model, file_format, path) < 1e-5
    images = scaled(digits.test[:100]).reshape(-1, 28, 28)
    exported = run_exported(path, file_format, images)
    np.testing.assert_allclose(exported, model.predict(images, verbose=0), atol=1e-5)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_a_half_is_exported_alone(tmp_path, digits, part):
    skip_without("onnx")
    model = network(Experiment("mnist5k", (16,), 8, shortcut=None), (28, 28))
    path = tmp_path / "half.onnx"
    assert export_model(model, "onnx", path, part=part) < 1e-5
    given = {"encoder": scaled(digits.test[:9]).reshape(-1, 28, 28), "decoder": np.ones((9, 8))}
    inputs = given[part].astype(np.float32)
    expected = np.asarray(model.get_layer(part)(inputs))
    np.testing.assert_allclose(run_exported(path, "onnx", inputs), expected, atol=1e-5)
    with pytest.raises(InvalidSetting, match="part: received 'head'; expected one of model, enc"):
        export_model(model, "onnx", tmp_path / "other.onnx", part="head")


def test_what_cannot_be_exported_leaves_nothing(tmp_path):
    image = keras.Input((4, 4))
    model = keras.Model(image, keras.layers.Lambda(lambda x: x * float("nan"))(image))
    with pytest.raises(KerasAEError, match="differs from Keras"):
        export_model(model, "saved_model", tmp_path / "folder")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_and_endings_are_checked(tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(ArtifactError, match="is there already"):
        check_export("saved_model", tmp_path / "there")
    with pytest.raises(InvalidSetting, match="one of onnx"):
        check_export("zip", tmp_path / "a.zip")
    skip_without("onnx")
    with pytest.raises(InvalidSetting, match=r"ends in \.onnx"):
        check_export("onnx", tmp_path / "a.txt")


def test_the_command_writes_beside_the_run_and_prints_json_alone(tmp_path):
    settings = Experiment("mnist5k", (5,), 2, shortcut=None)
    model = network(settings, (6, 5, 3))
    run = Run.of(experiment=settings, model=model, history=[{"loss": 1.0}], metrics={})
    run.save(tmp_path / "run")
    words = ["export", tmp_path / "run", "--format", "saved_model", "--json"]
    done = command(*words)
    assert done.code == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["difference"] < 1e-5
    assert printed["path"] == str(default_path("saved_model", tmp_path / "run"))
    again = command(*words)
    assert again.code == 2
    assert "is there already" in again.stderr


def test_a_missing_library_is_answered_with_the_extra():
    code = (
        "import sys; sys.modules['openvino'] = None\n"
        "from kerasae.inference.export import check_export; from pathlib import Path\n"
        "check_export('openvino', Path('x'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'kerasae[openvino]'" in done.stderr
