"""Exported models, run by their own runtimes on real images."""

import dataclasses
import importlib.util
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from commands import command

import kerasae
from kerasae.anomaly import SCORES
from kerasae.anomaly.detector import Detector
from kerasae.anomaly.detector_file import read_detector
from kerasae.data.datasets import load_dataset
from kerasae.data.pixels import as_floats
from kerasae.errors import ArtifactError, InvalidSetting, KerasAEError
from kerasae.experiment import Experiment
from kerasae.inference.export import check_export, default_path, export_model, export_with_score
from kerasae.inference.exported import FORMATS, open_exported
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
    (exported,) = (made := open_exported(path, file_format)({"images": images})).values()
    assert list(made) == ["reconstruction"]
    np.testing.assert_allclose(exported, model.predict(images, verbose=0), atol=1e-5)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("file_format", FORMATS)
def test_numbers_of_12_bits_are_taken_and_returned(tmp_path, file_format):
    skip_without(file_format)
    model = network(Experiment("mnist5k", (16,), 8, shortcut=None), (9, 7))
    path = tmp_path / ENDINGS.get(file_format, "folder")
    assert export_model(model, file_format, path, white=4095) < 1e-5
    numbers = np.random.RandomState(0).randint(0, 5000, (50, 9, 7))
    pixels = np.rint(np.minimum(numbers, 4095) / 4095 * 255) / 255
    made = open_exported(path, file_format)({"images": numbers})["reconstruction"]
    np.testing.assert_allclose(made / 4095, model(pixels.astype(np.float32)), atol=1e-5)
    for part, given in (("encoder", numbers), ("decoder", np.ones((9, 8)))):
        path = tmp_path / f"{part}{path.suffix}"
        export_model(model, file_format, path, part=part, white=4095)
        exported = open_exported(path, file_format)
        (made,) = exported({"code" if part == "decoder" else "images": given}).values()
        inputs = (given if part == "decoder" else pixels).astype(np.float32)
        unit = 4095 if part == "decoder" else 1
        np.testing.assert_allclose(made / unit, model.get_layer(part)(inputs), atol=1e-5)


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_a_half_is_exported_alone(tmp_path, digits, part):
    skip_without("onnx")
    model = network(Experiment("mnist5k", (16,), 8, shortcut=None), (28, 28))
    path = tmp_path / "half.onnx"
    assert export_model(model, "onnx", path, part=part) < 1e-5
    given = {"encoder": scaled(digits.test[:9]).reshape(-1, 28, 28), "decoder": np.ones((9, 8))}
    inputs = given[part].astype(np.float32)
    expected = np.asarray(model.get_layer(part)(inputs))
    names = {"encoder": ("images", "code"), "decoder": ("code", "reconstruction")}[part]
    made = open_exported(path, "onnx")({names[0]: inputs})
    assert list(made) == [names[1]]
    np.testing.assert_allclose(made[names[1]], expected, atol=1e-5)
    with pytest.raises(InvalidSetting, match="part: received 'head'; expected one of model, enc"):
        export_model(model, "onnx", tmp_path / "other.onnx", part="head")


@pytest.fixture(scope="module")
def inspected(digits, tmp_path_factory):
    """A run of ones, and images that are normal and odd to it."""
    is_one = digits.train_labels == 1
    ones = dataclasses.replace(
        digits, train=digits.train[is_one], train_labels=digits.train_labels[is_one]
    )
    folder = tmp_path_factory.mktemp("scoring") / "run"
    settings = {"hidden_dims": (32, 16), "latent_dim": 6, "shortcut": None, "epochs": 5}
    run = kerasae.fit(ones, folder=folder, verbose=0, **settings)
    return run.model, read_detector(folder), as_floats(digits.test), folder


def verdicts(run, model, detector, score, images):
    """Checks that an exported model scores as Keras does, and returns how many are odd."""
    threshold = detector.threshold(score, 0.05)
    made = run({"images": images, "threshold": threshold})
    assert set(made) == {"reconstruction", "code", "score", "odd"}
    known = detector.scores(model, images)[score]
    np.testing.assert_allclose(made["score"], known, rtol=2e-2, atol=1e-3)
    clear = np.abs(known - threshold) > 1e-5
    np.testing.assert_array_equal(made["odd"][clear], (known > threshold)[clear])
    np.testing.assert_allclose(made["code"], model.get_layer("encoder")(images), atol=1e-4)
    return int(made["odd"].sum())


@pytest.mark.parametrize("file_format", FORMATS)
def test_an_export_with_its_score_says_what_keras_says(tmp_path, inspected, file_format):
    skip_without(file_format)
    model, detector, images, _ = inspected
    path = tmp_path / ENDINGS.get(file_format, "folder")
    found = export_with_score(model, detector, "combined", file_format, path, images)
    assert found.difference < 1e-5
    assert found.images + found.near == len(images)
    run = open_exported(path, file_format)
    assert verdicts(run, model, detector, "combined", images) > len(images) / 2


@pytest.mark.parametrize("score", [score for score in SCORES if score != "combined"])
def test_each_score_is_exported(tmp_path, inspected, score):
    model, detector, images, _ = inspected
    export_with_score(model, detector, score, "saved_model", tmp_path / "folder", images)
    verdicts(open_exported(tmp_path / "folder", "saved_model"), model, detector, score, images)


class Reversed(Detector):
    def scores(self, model, images):
        return {name: -score for name, score in super().scores(model, images).items()}


def test_an_export_that_says_something_else_than_keras_leaves_nothing(tmp_path, inspected):
    model, detector, images, _ = inspected
    other = Reversed(detector.held_out, False, detector.codes, detector.whitening)
    with pytest.raises(KerasAEError, match="images otherwise than Keras; expected the same"):
        export_with_score(model, other, "nap", "saved_model", tmp_path / "folder", images)
    assert list(tmp_path.iterdir()) == []


def test_the_command_exports_a_score_and_compares_test_images(inspected, tmp_path):
    skip_without("onnx")
    run = inspected[-1]
    words = ["--with", "score", "--score", "nap", "--out", tmp_path / "m.onnx", "--json"]
    done = command("export", run, *words)
    assert done.code == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["score"] == "nap"
    assert printed["images"] + printed["near"] == 500
    for wrong, reason in (
        (["--with", "odd"], "with: received 'odd'; expected score"),
        (["--with", "score", "--part", "encoder"], "expected model, with a score"),
        (["--with", "score", "--score", "odd"], "score: received 'odd'; expected one of recon"),
    ):
        done = command("export", run, *wrong, "--out", tmp_path / "n.onnx")
        assert (done.code, reason in done.stderr) == (2, True), done.stderr
    done = command("export", run / "model.keras", "--with", "score", "--out", tmp_path / "n.onnx")
    assert done.code == 2
    assert "the folder of a run, which has a detector" in done.stderr


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
