"""The studies' commands and `fit` as their users run them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TINY = ["--dataset", "mnist5k", "--hidden-dims", "6", "--latent-dim", "3", "--epochs", "1"]


def run(*words, cwd=None):
    command = [sys.executable, "-m", "kerasae_cli.main", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


@pytest.mark.slow
def test_fit_leaves_a_run_and_prints_its_scores(tmp_path):
    folder = tmp_path / "run"
    words = ["--l1", "1e-6", "--dropout", "0.1", "--patience", "1", "--tensorboard"]
    done = run("fit", *TINY, *words, "--threads", 1, "--out", folder, "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["test_mse"] == json.loads((folder / "metrics.json").read_text())["test_mse"]
    found = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert found == {
        "checkpoint-000001", "detector.npz", "experiment.json", "history.csv", "manifest.json",
        "metrics.json", "model.keras", "report.html", "run.json", "tensorboard",
    }  # fmt: skip
    found = tags_of(folder / "tensorboard")
    assert {"settings", "network", "original, reconstruction", "epoch_psnr"} <= found
    settings = json.loads((folder / "experiment.json").read_text())
    assert (settings["l1"], settings["dropout"], settings["hidden_dims"]) == (1e-6, 0.1, [6])


def tags_of(folder):
    """The names of everything in TensorBoard's logs."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = set()
    for file in folder.rglob("events.out.tfevents*"):
        events = accumulator.EventAccumulator(str(file)).Reload()
        found |= {tag.removesuffix("/text_summary") for tag in events.Tags()["tensors"]}
    return found


@pytest.mark.full
def test_denoise_prints_a_score_for_every_method(tmp_path):
    words = ["--sigma", "0.1,0.3", "--sigma", "0.6", "--out", tmp_path / "out", "--json"]
    done = run("denoise", *TINY, *words)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert [level["sigma"] for level in printed["levels"]] == [0.1, 0.3, 0.6]
    assert {"noisy_psnr", "denoised_psnr", "linear_psnr", "wiener_psnr"} <= set(printed)
    page = (tmp_path / "out" / "study.html").read_text(encoding="utf-8")
    assert printed["page"] == str(tmp_path / "out" / "study.html")
    assert "kerasae denoise --dataset mnist5k" in page
    study = json.loads((tmp_path / "out" / "study.json").read_text())
    assert study["command"].startswith("kerasae denoise --dataset mnist5k")
    assert page.count("<figure") == 3
    figures = {path.name for path in (tmp_path / "out").glob("*.png")}
    assert figures == {f"denoise-sigma{sigma}.png" for sigma in (0.1, 0.3, 0.6)}
    assert run("denoise", "--resume", tmp_path / "out", "--quiet").returncode == 0
    assert "kerasae denoise --dataset mnist5k" in Path(printed["page"]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words",
    [
        ["fit", "--preset", "deep31"],
        ["fit", "--architecture", "deepest"],
        ["fit", "--architecture", "basic", "--hidden-dims", "9,8"],
        ["fit", "--l1", "-1"],
        ["fit", "--batch-size", "100000"],
        ["fit", "--patience", "2", "--validation-split", "0"],
        ["fit", "--loss", "binary_crossentropy"],
        ["learning-rate", "--rates", "0.1,nan"],
        ["learning-rate", "--rates", "0.1"],
        ["overfit", "--validation-split", "0"],
        ["overfit", "--epochs", "0"],
        ["regularize", "--lambdas", "-1e-4"],
        ["regularize", "--dropouts", "1.5"],
        ["denoise", "--sigma", "-0.6"],
        ["denoise", "--sigma", "nan"],
        ["denoise", "--sigma", "0.6", "--sigma", "0.6"],
        ["denoise", "--sigma", "0.3,0.6,0.3"],
        ["denoise", "--sigma", "0.3,x"],
        ["denoise", "--sigma", "25"],
        ["fit", "--sigma", "25"],
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, words):
    done = run(*words[:1], "--dataset", "mnist5k", "--out", "made", *words[1:], cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "expected" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_training_that_diverges_is_said_and_exits_with_1(tmp_path):
    words = ["--optimizer", "sgd", "--learning-rate", "1e12"]
    done = run("fit", *TINY, *words, "--activation", "relu", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "lower the learning rate" in done.stderr
    assert not (tmp_path / "out" / "model.keras").exists()
