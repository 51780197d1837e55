"""`kerasae sweep` as its users run it: in processes of its own."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from kerasae.trials.sweeps import COLUMNS

# Each test waits for the sweeps.
pytestmark = pytest.mark.slow

LOADING = """
import sys, keras, numpy as np
model = keras.saving.load_model(sys.argv[1])
images = np.zeros((2, 28, 28), "float32")
assert "kerasae" not in sys.modules
code = model.get_layer("encoder")(images)
np.testing.assert_allclose(model.get_layer("decoder")(code), model(images), atol=1e-6)
np.savez(sys.argv[2], *model.get_weights())
"""


def run(*words, cwd=None):
    command = [sys.executable, "-m", "kerasae_cli.main", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


def sweep(folder, jobs):
    words = ["sweep", "--dataset", "mnist5k", "--latent-dims", "3,2", "--hidden-dims", "8"]
    return run(*words, "--epochs", 1, "--seeds", 2, "--jobs", jobs, "--out", folder, "--json")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweeps")
    return folder, [sweep(folder / f"jobs{jobs}", jobs) for jobs in (1, 2)]


def test_a_sweep_leaves_what_the_readme_says(finished):
    folder, (done, _) = finished
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    with (folder / "jobs1" / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["latent_dim"] for row in rows] == ["3", "3", "2", "2"]
    assert [row["status"] for row in rows] == ["done"] * 4
    assert [str(row["test_mse"]) for row in printed["results"]] == [r["test_mse"] for r in rows]
    for row in rows:
        found = sorted(p.name for p in (folder / "jobs1" / "trials" / row["trial"]).iterdir())
        assert found == ["experiment.json", "history.csv", "metrics.json", "model.keras"]
    assert (folder / "jobs1" / "sweep.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((folder / "jobs1" / "sweep.json").read_text())["latent_dims"] == [3, 2]


def test_the_bits_do_not_depend_on_the_number_of_workers(finished):
    folder, _ = finished
    tables = []
    for jobs in (1, 2):
        with (folder / f"jobs{jobs}" / "results.csv").open() as file:
            rows = list(csv.DictReader(file))
        timed = ("seconds", "images_per_second")
        tables.append([{k: v for k, v in row.items() if k not in timed} for row in rows])
    assert tables[0] == tables[1]


def test_saved_models_load_without_kerasae_and_are_equal(finished):
    folder, _ = finished
    trial = "trials/basic-8-z3-lr0.003-seed1/model.keras"
    weights = []
    for jobs in (1, 2):
        copy = folder / f"{jobs}.npz"
        words = [sys.executable, "-c", LOADING, str(folder / f"jobs{jobs}" / trial), str(copy)]
        subprocess.run(words, check=True, cwd=folder)
        with np.load(copy) as arrays:
            weights.append([arrays[key] for key in arrays])
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


def test_a_folder_with_a_sweep_in_it_is_left_alone(finished):
    folder, _ = finished
    before = (folder / "jobs1" / "results.csv").read_bytes()
    again = sweep(folder / "jobs1", 1)
    assert again.returncode == 2
    assert "is not empty" in again.stderr
    assert (folder / "jobs1" / "results.csv").read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ["--dataset", "cifar"],
        ["--architectures", "deepest"],
        ["--latent-dims", "0"],
        ["--latent-dims", "abc"],
        ["--latent-dims", ""],
        ["--latent-dims", "5,5"],
        ["--hidden-dims", "-1"],
        ["--learning-rates", "nan"],
        ["--learning-rates", "0"],
        ["--dropout", "1"],
        ["--jobs", "0"],
        ["--executor", "ray", "--ray-address", "127.0.0.1:9"],
        ["--dataset", "mnist", "--data-dir", "nowhere"],
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, words):
    done = run("sweep", "--dataset", "mnist5k", "--out", "made", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    advice = ("expected", "put them there", "install it")
    assert any(words in done.stderr for words in advice)
    assert list(tmp_path.iterdir()) == []
