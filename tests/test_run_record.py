"""What a run was made of, recorded beside it; runs are opened from any folder."""

import dataclasses
import json
import shutil
import sys

import numpy as np
import pytest
from commands import command
from PIL import Image

import kerasae
from kerasae.data.datasets import load_dataset
from kerasae.errors import ArtifactError, DataError, KerasAEWarning
from kerasae.experiment import Experiment
from kerasae.files.whole_files import write_json
from kerasae.runs.record import RunRecord, read_record
from kerasae.runs.run import Run
from kerasae.runs.run_data import run_data


def write_pictures(folder, seed):
    folder.mkdir()
    random = np.random.RandomState(seed)
    for number in range(30):
        Image.fromarray(random.randint(0, 256, (12, 12), np.uint8)).save(folder / f"{number}.png")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A fit and a sweep by a relative path, in a folder `there`; what each command printed."""
    there = tmp_path_factory.mktemp("travel")
    write_pictures(there / "pictures", 0)
    words = ["--dataset", "pictures", "--hidden-dims", "8", "--epochs", "1", "--json", "--quiet"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(there)
        fit = command("fit", *words, "--latent-dim", "3", "--out", "run")
        sweep = command(
            "sweep", *words, "--latent-dims", "3", "--out", "swept", "--executor", "serial"
        )
    assert (fit.code, sweep.code) == (0, 0), fit.stderr + sweep.stderr
    return there, json.loads(fit.stdout), json.loads(sweep.stdout)


@pytest.mark.slow
def test_a_fit_and_a_sweep_record_what_they_were_made_of(made):
    there, _, _ = made
    data = load_dataset(there / "pictures")
    for file, verb in (("run/run.json", "fit"), ("swept/sweep.json", "sweep")):
        record = json.loads((there / file).read_text())
        assert record["dataset"] == str(there / "pictures")
        assert record["data_md5"] == list(data.checksums())
        assert (record["images"], record["image_shape"]) == ([27, 3], [12, 12])
        assert record["command"].startswith(f"kerasae {verb} --dataset pictures --hidden-dims 8")
        assert record["versions"]["python"] == sys.version.split()[0]
        assert record["date"][:2] == "20"
    trial = there / "swept" / "trials" / "basic-8-z3-lr0.003-seed0"
    assert sorted(p.name for p in trial.iterdir()) == [
        "experiment.json", "history.csv", "metrics.json", "model.keras",
    ]  # fmt: skip
    assert Run(trial).record == read_record(there / "swept")


@pytest.mark.slow
def test_a_fit_and_a_sweep_leave_their_page(made):
    there, fit, sweep = made
    assert (fit["page"], sweep["page"]) == ("run/report.html", "swept/report.html")
    page = (there / "run" / "report.html").read_text(encoding="utf-8")
    assert "kerasae fit --dataset pictures" in page
    assert str(there / "pictures") in page
    names = [file.name for file in load_dataset(there / "pictures").test_files]
    assert len(names) == 3
    for name in names:
        assert f"<b>{name}, image" in page
    swept = (there / "swept" / "report.html").read_text(encoding="utf-8")
    for words in ("The sweep", "Lower is better", "basic-8-z3-lr0.003-seed0", "share of PCA"):
        assert words in swept


@pytest.mark.full
def test_a_run_by_a_relative_path_is_used_from_any_folder(made, tmp_path, monkeypatch):
    there, _, _ = made
    monkeypatch.chdir(tmp_path)
    run, trial = there / "run", there / "swept" / "trials" / "basic-8-z3-lr0.003-seed0"
    for words in (
        ["evaluate", run],
        ["evaluate", trial],
        ["score", run, there / "pictures" / "0.png"],
        ["report", run, "--out", tmp_path / "a.html"],
        ["report", there / "swept", "--out", tmp_path / "b.html"],
        ["latent", run, "--out", tmp_path],
        ["fit", "--resume", run],
        ["sweep", "--resume", there / "swept", "--executor", "serial", "--quiet"],
    ):
        done = command(*words)
        assert done.code == 0, done.stderr
        assert "warning" not in done.stderr


@pytest.mark.slow
def test_missing_pictures_are_called_missing_and_found_elsewhere(made, tmp_path, monkeypatch):
    there, _, _ = made
    run = tmp_path / "run"
    shutil.copytree(there / "run", run)
    record = dataclasses.replace(read_record(run), dataset=str(tmp_path / "gone"))
    write_json(run / "run.json", record.to_dict())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"gone: the images that run was trained on are missing"):
        run_data(Run(run))
    done = command("report", run)
    assert done.code == 2
    assert "name the place where they are with --dataset" in done.stderr
    assert command("report", run, "--dataset", there / "pictures").code == 0
    # Beside the folder that it is started in, as the settings say.
    shutil.copytree(there / "pictures", tmp_path / "pictures")
    assert len(run_data(Run(run)).test) == 3


@pytest.mark.slow
def test_other_pictures_in_their_place_are_told(made, tmp_path, monkeypatch):
    there, _, _ = made
    run = tmp_path / "run"
    shutil.copytree(there / "run", run)
    write_pictures(tmp_path / "other", 1)
    record = dataclasses.replace(read_record(run), dataset=str(tmp_path / "other"))
    write_json(run / "run.json", record.to_dict())
    with pytest.warns(KerasAEWarning, match="holds other images than those that run was trained"):
        run_data(Run(run))
    assert command("report", run, "--dataset", tmp_path / "other").code == 0
    assert "are others than those it was trained on" in (run / "report.html").read_text()


def test_a_fit_of_an_array_records_its_shape_and_checksums(tmp_path):
    images = np.random.RandomState(0).randint(0, 256, (40, 6, 5), np.uint8)
    run = kerasae.fit(images, folder=tmp_path / "a", latent_dim=2, epochs=1, verbose=0)
    labels = np.zeros(40, np.uint8)
    expected = kerasae.ImageData("x", images, labels, images[:0], labels[:0]).checksums()
    for record in (run.record, Run(tmp_path / "a").record):
        assert record.image_shape == (6, 5)
        assert record.images == (40, 0)
        assert record.data_md5 == expected
        assert record.command is None
    known = {name: getattr(run, name) for name in ("experiment", "history", "metrics", "model")}
    Run.of(record=run.record, **known).save(tmp_path / "b")
    assert Run(tmp_path / "b").record.data_md5 == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([1], "expected values by name, received a list"),
        ({"cores": "many"}, "cores"),
        ({"data_md5": [1]}, "data_md5"),
    ],
)
def test_a_damaged_record_is_named(tmp_path, content, reason):
    (tmp_path / "run.json").write_text(json.dumps(content))
    with pytest.raises(ArtifactError, match=rf"run\.json: .*{reason}"):
        read_record(tmp_path)


def test_an_older_run_has_no_record_and_an_older_sweep_part_of_one(tmp_path):
    assert read_record(tmp_path) is None
    write_json(tmp_path / "sweep.json", {"base": Experiment().to_dict(), "data_md5": ["0f"]})
    assert read_record(tmp_path / "trials" / "a") == RunRecord(data_md5=("0f",))
