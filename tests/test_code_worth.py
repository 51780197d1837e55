"""What codes are worth, by scikit-learn on what Keras encodes."""

import json

import numpy as np
import pytest
from commands import command
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

import kerasae
from kerasae.code_worth import CodeJudge, worth_of
from kerasae.errors import InvalidSetting


def test_the_codes_are_those_of_the_training_images_and_pcas_are_beside_them(digits):
    model = kerasae.fit(digits, hidden_dims=(16,), latent_dim=8, epochs=1, verbose=0).model
    judge = CodeJudge(digits, 0.1)
    part = digits.parts(0.1).train
    images = [one / np.float32(255) for one in (part.taken(), digits.test)]
    labels = digits.train_labels[part.rows]
    codes = [np.asarray(model.get_layer("encoder")(one)) for one in images]
    ours = KNeighborsClassifier(5).fit(codes[0], labels).score(codes[1], digits.test_labels)
    assert judge.of_model(model).knn_accuracy == pytest.approx(ours, abs=0.02)
    rows = [one.reshape(len(one), -1) for one in images]
    pca = PCA(8).fit(rows[0])
    known, new = (pca.transform(one) for one in rows)
    theirs = KNeighborsClassifier(5).fit(known, labels).score(new, digits.test_labels)
    assert judge.of_pca(8).knn_accuracy == pytest.approx(theirs, abs=0.02)


def test_the_purity_is_the_share_of_the_most_common_class_of_each_cluster():
    codes = np.array([0.0, 0.1, 0.2, 0.3, 9.0, 9.1])[:, None]
    labels = np.array([0, 0, 0, 1, 1, 0])
    # Two clusters: three of four are of class 0, one of two is of class 1.
    assert worth_of(codes, labels, codes, labels).purity == pytest.approx(4 / 6)


def test_images_without_classes_are_refused(digits):
    bare = kerasae.ImageData.from_arrays(digits.train)
    with pytest.raises(InvalidSetting, match="two classes or more"):
        CodeJudge(bare, 0.1)


@pytest.mark.slow
def test_evaluate_says_what_codes_are_worth(tmp_path):
    words = ["--hidden-dims", "8", "--latent-dim", "5", "--epochs", "1", "--quiet"]
    done = command("fit", "--dataset", "digits8", *words, "--out", tmp_path / "run")
    assert done.code == 0, done.stderr
    done = command("evaluate", tmp_path / "run", "--codes", "--json")
    codes = json.loads(done.stdout)["codes"]
    assert 0.8 < codes["pca"]["knn_accuracy"] < 1
    assert (
        "How well the codes tell classes apart"
        in command("evaluate", tmp_path / "run", "--codes").stdout
    )


@pytest.mark.slow
def test_a_sweep_says_what_the_codes_of_its_networks_are_worth(tmp_path):
    words = ["--hidden-dims", "8", "--latent-dims", "2,5", "--seeds", "2", "--epochs", "1"]
    out = ["--out", tmp_path / "sweep", "--quiet", "--codes"]
    done = command("sweep", "--dataset", "digits8", *words, *out)
    assert done.code == 0, done.stderr
    assert "basic 8-2" in done.stdout
    assert "PCA 5" in done.stdout
    done = command("sweep", "--resume", tmp_path / "sweep", "--codes", "--json", "--quiet")
    rows = json.loads(done.stdout)["results"]
    assert [row["latent_dim"] for row in rows] == [2, 2, 5, 5]
    for row in rows[::2]:
        run = tmp_path / "sweep" / "trials" / row["trial"]
        known = json.loads(command("evaluate", run, "--codes", "--json").stdout)["codes"]
        assert row["codes"] == known


def test_a_sweep_of_images_without_classes_is_refused_before_it_trains(tmp_path):
    np.save(tmp_path / "x.npy", np.random.RandomState(0).randint(0, 256, (40, 5, 5), np.uint8))
    words = ["--dataset", tmp_path / "x.npy", "--codes", "--out", tmp_path / "sweep"]
    done = command("sweep", *words)
    assert (done.code, "two classes or more" in done.stderr) == (2, True)
    assert not (tmp_path / "sweep").exists()
