"""The study of novel classes, on real digits."""

import dataclasses
import json

import numpy as np
import pytest
from commands import command
from PIL import Image
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from kerasae.anomaly.baselines import baselines
from kerasae.errors import InvalidSetting
from kerasae.experiment import Experiment
from kerasae.runs.run import Run
from kerasae.studies.anomaly import AnomalyStudy
from kerasae.studies.run_study import run_study

BASE = Experiment("mnist5k", (24,), 4, epochs=2, shortcut=None)


def test_one_class_is_normal_or_one_is_novel(digits):
    study = AnomalyStudy(BASE, "one-class", ("3", "8"), 2).resolved(digits)
    assert [trial.name for trial in study.trials()] == ["3-seed0", "3-seed1", "8-seed0", "8-seed1"]
    subsets = study.data_sets(digits)
    assert list(subsets) == ["mnist5k, only 3", "mnist5k, only 8"]
    assert set(subsets["mnist5k, only 3"].train_labels) == {3}
    assert set(subsets["mnist5k, only 3"].test_labels) == {3}
    novel = dataclasses.replace(study, protocol="one-novel").data_sets(digits)
    assert set(novel["mnist5k, without 3"].train_labels) == {0, 1, 2, 4, 5, 6, 7, 8, 9}
    chosen = [AnomalyStudy.of("mnist", protocol=one).base for one in ("one-class", "one-novel")]
    assert [(one.epochs, one.batch_size, one.shift) for one in chosen] == [
        (60, 64, 1),
        (30, 128, 0),
    ]
    assert AnomalyStudy.of("photos", protocol="one-novel").base.epochs is None
    everything = AnomalyStudy(BASE, classes=("all",)).resolved(digits)
    assert everything.classes == tuple("0123456789")


def test_a_class_that_is_not_there_is_refused(digits, tmp_path):
    with pytest.raises(InvalidSetting, match="classes: received 'x'; expected some of 0, 1, 2"):
        AnomalyStudy(BASE, classes=("x",)).resolved(digits)
    bare = dataclasses.replace(digits, train_labels=digits.train_labels * 0,
                               test_labels=digits.test_labels * 0)  # fmt: skip
    with pytest.raises(InvalidSetting, match="images of two classes or more"):
        AnomalyStudy(BASE).resolved(bare)
    few = dataclasses.replace(digits, train_labels=np.arange(len(digits.train)) == 0)
    with pytest.raises(InvalidSetting, match="two normal images or more"):
        AnomalyStudy(BASE, classes=("1",)).resolved(few).data_sets(few)
    done = command("anomaly", "--dataset", "mnist5k", "--classes", "10", "--out", tmp_path / "a")
    assert done.code == 2
    assert "classes: received '10'" in done.stderr


def test_inspected_parts_are_trained_on_good_alone(digits):
    good = digits.train_labels == 0
    parts = dataclasses.replace(
        digits, name="parts", class_names=("good", *"abcdefghi"),
        train=digits.train[good], train_labels=digits.train_labels[good],
    )  # fmt: skip
    assert AnomalyStudy(BASE).resolved(parts).classes == ("good",)
    broken = digits.test_labels > 0
    bare = dataclasses.replace(
        parts, test=digits.test[broken], test_labels=digits.test_labels[broken]
    )
    with pytest.raises(InvalidSetting, match="expected test images of good and of other classes"):
        AnomalyStudy(BASE).resolved(bare)


@pytest.mark.slow
def test_masks_tell_the_auroc_of_pixels(tmp_path):
    random = np.random.RandomState(0)
    root = tmp_path / "parts"

    def save(name, pixels):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(path)

    mask = np.zeros((12, 12))
    mask[3:6, 4:9] = 255
    for number in range(40):
        save(f"train/good/{number}.png", random.randint(40, 60, (12, 12)))
    for number in range(8):
        save(f"test/good/{number}.png", random.randint(40, 60, (12, 12)))
        save(f"test/hole/{number}.png", np.maximum(mask, random.randint(40, 60, (12, 12))))
        save(f"ground_truth/hole/{number}_mask.png", mask)
    words = ["--epochs", 2, "--hidden-dims", 8, "--latent-dim", 2, "--out", tmp_path / "study"]
    done = command("anomaly", "--dataset", root, *words, "--json", "--quiet")
    assert done.code == 0, done.stderr
    (found,) = json.loads(done.stdout)["classes"].values()
    assert found["pixel_auroc"] > 0.99
    assert found["auroc"]["reconstruction"] == found["recall"]["reconstruction"] == 1


def test_baselines_are_those_of_their_libraries(digits):
    train, test = digits.train[digits.train_labels == 3], digits.test[:40]
    found = {name: score(train, test) for name, score in baselines().items()}
    assert set(found) == {
        "pca-16", "pca-32", "pca-64", "knn-pixels", "isolation-forest", "one-class-svm-pca",
    }  # fmt: skip
    rows = [images.reshape(len(images), -1) / np.float32(255) for images in (train, test)]
    distances = NearestNeighbors(n_neighbors=5).fit(rows[0]).kneighbors(rows[1])[0].mean(1)
    np.testing.assert_allclose(found["knn-pixels"], distances, rtol=1e-4)
    mean = rows[0].mean(0)
    directions = np.linalg.svd(rows[0] - mean, full_matrices=False)[2][:16]
    made = mean + (rows[1] - mean) @ directions.T @ directions
    residual = ((np.clip(made, 0, 1) - rows[1]) ** 2).mean(1)
    np.testing.assert_allclose(found["pca-16"], residual, rtol=1e-2)


@pytest.mark.slow
def test_the_study_scores_all_test_images_once(digits, tmp_path):
    study = AnomalyStudy(BASE, "one-class", ("1", "8"), 2)
    findings, errors = run_study(study, digits, tmp_path / "study")
    assert errors == {}
    classes = findings.summary["classes"]
    images = digits.test / np.float32(255)
    for name in ("1", "8"):
        novel = digits.test_labels != int(name)
        by_seed = []
        for seed in range(2):
            model = Run(tmp_path / "study" / "trials" / f"{name}-seed{seed}").model
            mse = ((np.asarray(model(images)) - images) ** 2).mean((1, 2))
            by_seed.append(roc_auc_score(novel, mse))
        seeds = [one["reconstruction"] for one in classes[name]["seeds"]]
        assert seeds == pytest.approx(by_seed, abs=1e-3)
        assert classes[name]["auroc"]["reconstruction"] == pytest.approx(np.mean(seeds))
    mean = findings.summary["mean"]
    assert mean["auroc"]["nap"] == pytest.approx(
        np.mean([one["auroc"]["nap"] for one in classes.values()])
    )
    seed_means = np.mean([[one["nap"] for one in classes[name]["seeds"]] for name in classes], 0)
    assert mean["sd"]["nap"] == pytest.approx(np.std(seed_means, ddof=1))
    assert json.loads((tmp_path / "study" / "study.json").read_text())["results"] == (
        json.loads(json.dumps(findings.summary))
    )
    assert (tmp_path / "study" / "anomaly-one-class.png").is_file()
