"""How odd images are: the scores by NumPy and scikit-learn, the detector, the command."""

import json
import shutil

import keras
import numpy as np
import pytest
from commands import command
from picture_cases import pattern
from PIL import Image
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

import kerasae
from kerasae.anomaly.detector import DETECTOR, Detector
from kerasae.anomaly.detector_file import read_detector, save_detector
from kerasae.anomaly.rapp import HiddenDifferences, Whitening, sap
from kerasae.errors import ArtifactError, InvalidSetting
from kerasae.image_model import ImageModel
from kerasae.inference.defect_masks import PixelSeparation, mask_path, read_mask
from kerasae.runs.run import Run


@pytest.fixture(scope="module")
def fitted(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("anomaly") / "run"
    run = kerasae.fit(
        digits, folder=folder, hidden_dims=(24, 12), latent_dim=4, epochs=2, verbose=0
    )
    return folder, run.model


def floats(images):
    return images.astype(np.float32) / 255


def hidden(model, images):
    """What the encoder's hidden layers and the code are, by Keras' own means."""
    encoder = model.get_layer("encoder")
    tensors = [encoder.get_layer(f"hidden_{number}").output for number in (1, 2)]
    outputs = keras.Model(encoder.input, [*tensors, encoder.output])(images)
    return np.concatenate([np.asarray(one) for one in outputs], 1)


def test_sap_and_nap_are_those_of_the_paper(fitted, digits):
    _, model = fitted
    images = floats(digits.test)
    made = np.clip(np.asarray(model(images)), 0, 1)
    expected = hidden(model, images) - hidden(model, made)
    _, differences = HiddenDifferences(model)(images, made)
    assert differences.shape == (len(images), 24 + 12 + 4)
    np.testing.assert_allclose(differences, expected, atol=1e-4)
    np.testing.assert_allclose(sap(differences), (differences**2).sum(1), rtol=1e-6)
    centred = differences.astype(float) - differences.mean(0, dtype=float)
    _, values, vectors = np.linalg.svd(centred, full_matrices=False)
    kept = values > 1e-5 * values[0]
    by_svd = ((centred @ vectors[kept].T / values[kept]) ** 2).sum(1)
    np.testing.assert_allclose(Whitening.of(differences).nap(differences), by_svd, rtol=0.01)


def test_directions_in_which_nothing_differs_are_left_out():
    differences = np.random.RandomState(0).randn(50, 3).astype(np.float32)
    known = Whitening.of(np.hstack([differences, differences[:, :1], np.zeros((50, 1))]))
    assert known.directions.shape == (5, 3)
    assert known.nap(np.zeros((1, 5), np.float32)) < 1


def test_the_detector_of_a_fit_knows_the_held_out_images(fitted, digits):
    folder, model = fitted
    detector = read_detector(folder)
    parts = digits.parts(0.1)
    held_out, train = floats(parts.validation.taken()), floats(parts.train.taken())
    assert detector.names() == ["reconstruction", "sap", "nap", "knn", "combined", "local"]
    assert not detector.trained_on
    errors = ((np.asarray(model(held_out)) - held_out) ** 2).mean((1, 2))
    np.testing.assert_allclose(detector.held_out["reconstruction"], np.sort(errors), rtol=1e-4)
    codes = [np.asarray(model.get_layer("encoder")(one)) for one in (train, held_out)]
    distances = NearestNeighbors(n_neighbors=5).fit(codes[0]).kneighbors(codes[1])[0].mean(1)
    np.testing.assert_allclose(detector.held_out["knn"], np.sort(distances), rtol=1e-3)
    scores = detector.scores(model, held_out)
    for name, known in detector.held_out.items():
        np.testing.assert_allclose(np.sort(scores[name]), known, rtol=1e-3)


def test_the_threshold_leaves_the_share_of_normal_images_above_it(fitted):
    detector = read_detector(fitted[0])
    for name in detector.names():
        count = len(detector.held_out[name])
        threshold = detector.threshold(name, 0.2)
        assert detector.above(name, threshold) == pytest.approx(0.2 * count, abs=1)
    for share in (0, 1, 1.5):
        with pytest.raises(InvalidSetting, match="false_alarms"):
            detector.threshold("nap", share)


def test_inverted_images_are_odd(fitted, digits):
    detector, images = read_detector(fitted[0]), floats(digits.test)
    normal, odd = (detector.scores(fitted[1], one) for one in (images, 1 - images))
    for name in detector.names():
        labels = np.repeat([0, 1], len(images))
        auroc = roc_auc_score(labels, np.concatenate([normal[name], odd[name]]))
        assert auroc > (0.8 if name == "knn" else 0.95)


def test_without_held_out_images_those_trained_on_are_taken_and_it_is_told(fitted, digits):
    detector = Detector.of(fitted[1], digits, 0.0)
    assert detector.trained_on
    assert len(detector.held_out["nap"]) == len(digits.train)


def test_of_models_of_others_there_are_the_scores_that_they_can_have(digits, tmp_path):
    image = keras.Input((28, 28))
    flat = keras.layers.Dense(3)(keras.layers.Flatten()(image))
    other = keras.Model(image, keras.layers.Reshape((28, 28))(keras.layers.Dense(784)(flat)))
    detector = Detector.of(other, digits, 0.1)
    assert detector.names() == ["reconstruction", "knn"]
    with pytest.raises(InvalidSetting, match="score: received 'nap'; expected one of reconstr"):
        detector.threshold("nap", 0.01)
    save_detector(detector, tmp_path)
    again = read_detector(tmp_path)
    np.testing.assert_array_equal(again.held_out["knn"], detector.held_out["knn"])
    wider = keras.Model(
        image, keras.layers.Reshape((28, 28))(keras.layers.Dense(784)(keras.layers.Dense(5)(flat)))
    )
    with pytest.raises(ArtifactError, match=r"of 3 numbers an image, the model makes 5; take it"):
        again.scores(ImageModel(wider, code_layer=wider.layers[-3].name), floats(digits.test[:2]))
    without_codes = keras.Model(image, keras.layers.ReLU()(image))
    with pytest.raises(ArtifactError, match="is of codes, of which the model makes none"):
        again.scores(without_codes, floats(digits.test[:2]))


def test_a_detector_of_an_earlier_version_has_the_scores_that_it_had(fitted, digits, tmp_path):
    arrays = dict(np.load(fitted[0] / DETECTOR))
    later = [
        name
        for name in arrays
        if name.startswith(("layer_", "log_", "held_out_comb", "local", "held_out_local"))
    ]
    assert len(later) == 11
    np.savez(tmp_path / DETECTOR, **{name: arrays[name] for name in arrays if name not in later})
    detector = read_detector(tmp_path)
    assert detector.names() == ["reconstruction", "sap", "nap", "knn"]
    assert list(detector.scores(fitted[1], floats(digits.test[:3]))) == detector.names()
    with pytest.raises(InvalidSetting, match=r"of an earlier version: take detector\.npz away"):
        detector.threshold("local", 0.01)


def test_what_an_earlier_version_kept_for_local_is_not_taken_for_ours(fitted, tmp_path):
    arrays = dict(np.load(fitted[0] / DETECTOR))
    for name in ("local_roots", "local_usual"):
        del arrays[name]
    np.savez(tmp_path / DETECTOR, **arrays, local_known=np.ones((len(arrays["codes"]), 2)))
    assert read_detector(tmp_path).names() == ["reconstruction", "sap", "nap", "knn", "combined"]


def test_combined_is_the_mean_of_standardized_logarithms(fitted, digits):
    detector, model = read_detector(fitted[0]), fitted[1]
    parts = digits.parts(0.1)
    known, held_out = floats(parts.train.taken()), floats(parts.validation.taken())

    def logs(images):
        made = [np.clip(np.asarray(model(one)), 0, 1) for one in (known, images)]
        ours = [hidden(model, one) - hidden(model, two)
                for one, two in zip((known, images), made, strict=True)]  # fmt: skip
        layers = [np.split(one, [24, 36], axis=1) for one in ours]
        naps = [Whitening.of(one).nap(two) for one, two in zip(*layers, strict=True)]
        return np.log(np.stack([*naps, detector.scores(model, images)["knn"]], 1))

    normal, test = logs(held_out), logs(floats(digits.test))
    expected = ((test - normal.mean(0)) / normal.std(0)).mean(1)
    found = detector.scores(model, floats(digits.test))["combined"]
    np.testing.assert_allclose(found, expected, atol=2e-2)


def test_local_compares_with_the_images_of_the_nearest_codes(fitted, digits):
    detector, model = read_detector(fitted[0]), fitted[1]
    parts = digits.parts(0.1)
    known, held_out = floats(parts.train.taken()), floats(parts.validation.taken())
    codes = [np.asarray(model.get_layer("encoder")(one)) for one in (known, held_out)]
    units = [hidden(model, one)[:, :24].astype(float) for one in (known, held_out)]
    roots = [np.sign(one) * np.sqrt(np.abs(one)) for one in units]
    apart = np.linalg.norm(roots[0][:, None] - roots[0][None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    usual = np.log(np.sort(apart, 1)[:, :5].mean(1))
    nearest = np.argsort(np.linalg.norm(codes[1][:, None] - codes[0][None], axis=-1), 1)[:, :50]
    there = np.linalg.norm(roots[1][:, None] - roots[0][None], axis=-1)
    relative = np.log(np.sort(there, 1)[:, :5].mean(1)) - 0.5 * usual[nearest].mean(1)
    expected = (relative - relative.mean()) / relative.std()
    found = detector.scores(model, held_out)["local"]
    np.testing.assert_allclose(found, expected, atol=2e-2)


@pytest.mark.parametrize(
    "kind", ["none", "cut", "other", "nan", "shape", "layers", "local", "flat roots", "number"]
)
def test_a_detector_that_is_missing_or_damaged_is_one_line(fitted, tmp_path, kind):
    folder = tmp_path / "run"
    folder.mkdir()
    path = folder / DETECTOR
    if kind != "none":
        shutil.copy(fitted[0] / DETECTOR, path)
    if kind == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    arrays = dict(np.load(fitted[0] / DETECTOR))
    if kind == "other":
        np.savez(path, a=np.zeros(3))
    if kind == "nan":
        np.savez(path, **arrays | {"codes": arrays["codes"] * np.nan})
    if kind == "shape":
        np.savez(path, **arrays | {"mean": arrays["mean"][1:]})
    if kind == "layers":
        np.savez(path, **{name: arrays[name] for name in arrays if name != "layer_1"})
    if kind == "local":
        np.savez(path, **arrays | {"local_usual": arrays["local_usual"][1:]})
    if kind == "flat roots":
        np.savez(path, **arrays | {"local_roots": arrays["local_roots"].ravel()})
    if kind == "number":
        np.savez(path, **arrays | {"codes": np.float32(1)})
    with pytest.raises(ArtifactError, match=r"no detector|zip archive") as refused:
        read_detector(folder)
    assert len(str(refused.value).splitlines()) == 1


def save(folder, numbers, inverted=False):
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        # Dark and smooth, or the reverse.
        pixels = pattern(number, 10, 10) // 8
        Image.fromarray(255 - pixels if inverted else pixels).save(folder / f"{number:03}.png")


MASK = np.repeat(np.uint8([0, 255]), 50).reshape(10, 10)


@pytest.fixture(scope="module")
def inspected(tmp_path_factory):
    """Pictures in MVTec AD's folders, and a run of those that are good."""
    root = tmp_path_factory.mktemp("mvtec")
    save(root / "bottle" / "train" / "good", range(60))
    save(root / "bottle" / "test" / "good", range(60, 70))
    save(root / "bottle" / "test" / "broken", range(70, 75), inverted=True)
    masks = root / "bottle" / "ground_truth" / "broken"
    masks.mkdir(parents=True)
    for number in range(70, 75):
        Image.fromarray(MASK).save(masks / f"{number:03}_mask.png")
    words = ["--hidden-dims", "8", "--latent-dim", "2", "--epochs", "1", "--quiet"]
    done = command("fit", "--dataset", root / "bottle", *words, "--out", root / "run")
    assert done.code == 0, done.stderr
    return root


def test_labelled_folders_tell_how_good_the_score_is(inspected):
    place = inspected / "bottle" / "test"
    done = command("score", inspected / "run", place, "--score", "nap", "--json")
    assert done.code == 0, done.stderr
    printed = json.loads(done.stdout)
    odd = ["broken" in one["name"] for one in printed["images"]]
    scores = [one["score"] for one in printed["images"]]
    assert printed["auroc"] == pytest.approx(roc_auc_score(odd, scores))
    assert (printed["good"], printed["defects"]) == (10, 5)
    above = [one["anomaly"] for one in printed["images"]]
    hits = sum(a and b for a, b in zip(above, odd, strict=True))
    assert printed["recall"] == hits / 5
    assert printed["precision"] == pytest.approx(hits / sum(above))
    shown = command("score", inspected / "run", place, "--score", "nap")
    assert "AUROC" in shown.stdout
    assert "uncertain" in shown.stdout


def test_pixels_are_told_apart_by_masks(inspected, tmp_path):
    random = np.random.RandomState(0)
    errors, mask = random.rand(2, 30, 40) ** 3, random.rand(2, 30, 40) > 0.8
    errors[mask] = np.minimum(1, errors[mask] * 1.5)
    pixels = PixelSeparation()
    for one, where in zip(errors, mask, strict=True):
        pixels.add(one, where)
    assert pixels.auroc == pytest.approx(roc_auc_score(mask.ravel(), errors.ravel()), abs=1e-4)
    assert PixelSeparation().auroc is None
    place = inspected / "bottle"
    odd = place / "test" / "broken" / "070.png"
    assert mask_path(odd) == place / "ground_truth" / "broken" / "070_mask.png"
    assert mask_path(place / "test" / "good" / "060.png") is None
    assert mask_path(tmp_path / "a.png") is None
    np.testing.assert_array_equal(read_mask(mask_path(odd), (10, 10)), MASK > 0)


def test_the_command_tells_the_auroc_of_pixels(inspected):
    place = inspected / "bottle" / "test"
    done = command("score", inspected / "run", place, "--json")
    assert done.code == 0, done.stderr
    model = Run(inspected / "run").model
    errors, masks = [], []
    for file in sorted(place.glob("*/*.png")):
        image = np.asarray(Image.open(file), np.float32)[None] / 255
        errors.append(np.abs(np.asarray(model(image)) - image))
        masks.append(np.where(file.parent.name == "broken", MASK, 0) > 0)
    expected = roc_auc_score(np.ravel(masks), np.ravel(errors))
    assert json.loads(done.stdout)["pixel_auroc"] == pytest.approx(expected, abs=1e-3)


def test_scoring_needs_no_training_images(inspected, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(inspected / "run", run)
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "dataset": str(tmp_path / "gone")}))
    out = tmp_path / "scores.csv"
    place = inspected / "bottle" / "test" / "good"
    done = command("score", run, place, "--out", out, "--top", 3)
    assert done.code == 0, done.stderr
    assert len(out.read_text().splitlines()) == 11
    assert "The oddest 3 of 10 images" in done.stdout
    assert command("score", run, place, "--out", out).code == 2
    for words, reason in (
        (["--score", "odd"], "expected one of reconstruction, sap, nap, knn, combined, local"),
        (["--false-alarms", "2"], "--false-alarms: received 2.0"),
    ):
        done = command("score", run, place, *words)
        assert (done.code, reason in done.stderr) == (2, True), done.stderr
    (run / DETECTOR).unlink()
    done = command("score", run, place)
    assert done.code == 2
    assert "has no detector; make it with kerasae fit --resume" in done.stderr
    assert command("score", run, place, "--threshold", "0.1").code == 0


@pytest.mark.slow
def test_resuming_a_finished_fit_makes_its_detector(inspected, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(inspected / "run", run)
    before = read_detector(run)
    (run / DETECTOR).unlink()
    done = command("fit", "--resume", run, "--quiet")
    assert done.code == 0, done.stderr
    after = read_detector(run)
    for name, known in before.held_out.items():
        np.testing.assert_allclose(after.held_out[name], known, rtol=1e-3)
