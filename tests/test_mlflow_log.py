"""Logging to a real MLflow store of files."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from kerasae.errors import TrackingError
from kerasae.show.mlflow_log import log_run

# Importing it takes seconds, also where only other tests are run.
installed = importlib.util.find_spec("mlflow") is not None
pytestmark = [
    pytest.mark.slow, pytest.mark.skipif(not installed, reason="needs kerasae[mlflow]"),
]  # fmt: skip
TINY = ["--dataset", "mnist5k", "--hidden-dims", "6", "--epochs", "2"]


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The address of an empty store, for this process and those that it starts."""
    # MLflow asks for a word before it uses files, where it would rather have a database.
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    return os.environ["MLFLOW_TRACKING_URI"]


def kerasae(*words):
    command = [sys.executable, "-m", "kerasae_cli.main", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True)


def runs_in(store):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(store)
    experiment = client.get_experiment_by_name("kerasae")
    return client, client.search_runs([experiment.experiment_id])


def test_a_fit_is_logged_once_with_its_settings_scores_and_files(tmp_path, store):
    folder = tmp_path / "run"
    done = kerasae(
        "fit", *TINY, "--latent-dim", 3, "--out", folder, "--mlflow", "--json", "--quiet"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    metrics = json.loads((folder / "metrics.json").read_text())
    assert json.loads(done.stdout)["test_mse"] == metrics["test_mse"]
    client, (run,) = runs_in(store)
    assert run.info.status == "FINISHED"
    assert (run.data.params["latent_dim"], run.data.params["hidden_dims"]) == ("3", "[6]")
    assert run.data.metrics["test_mse"] == metrics["test_mse"]
    assert run.data.metrics["final_val_mse"] == metrics["val_mse"]
    history = client.get_metric_history(run.info.run_id, "val_mse")
    written = (folder / "history.csv").read_text().splitlines()
    column = written[0].split(",").index("val_mse")
    assert [(one.step, one.value) for one in history] == [
        (number, float(line.split(",")[column])) for number, line in enumerate(written[1:], 1)
    ]
    files = {one.path for one in client.list_artifacts(run.info.run_id)}
    assert files == {"curves.png", "experiment.json", "history.csv", "metrics.json", "model.keras"}
    model = client.download_artifacts(run.info.run_id, "model.keras", str(tmp_path))
    with open(model, "rb") as logged:
        assert logged.read() == (folder / "model.keras").read_bytes()
    assert kerasae("fit", "--resume", folder, "--mlflow").returncode == 0
    assert len(runs_in(store)[1]) == 1


@pytest.mark.full
def test_the_trials_of_a_sweep_are_runs_inside_it(tmp_path, store):
    words = ["--latent-dims", "2,3", "--out", tmp_path / "sweep", "--mlflow", "--keep", "best"]
    done = kerasae("sweep", *TINY, *words)
    assert done.returncode == 0, done.stderr
    client, runs = runs_in(store)
    inside = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    (parent,) = [run for run in runs if run not in inside]
    assert {run.data.tags["mlflow.parentRunId"] for run in inside} == {parent.info.run_id}
    assert sorted(run.data.params["latent_dim"] for run in inside) == ["2", "3"]
    files = {one.path for one in client.list_artifacts(parent.info.run_id)}
    assert files == {"results.csv", "sweep.json", "sweep.png"}
    kept = [
        run for run in inside
        if "model.keras" in {one.path for one in client.list_artifacts(run.info.run_id)}
    ]  # fmt: skip
    assert len(kept) == 1


@pytest.mark.full
def test_a_log_that_was_cut_short_is_made_again_and_then_not(tmp_path, store, monkeypatch):
    import mlflow

    folder = tmp_path / "run"
    assert kerasae("fit", *TINY, "--latent-dim", 3, "--out", folder, "--quiet").returncode == 0

    def full(path):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(mlflow, "log_artifact", full)
        with pytest.raises(TrackingError, match="No space left"):
            log_run(folder)
    log_run(folder)
    log_run(folder)
    assert sorted(run.info.status for run in runs_in(store)[1]) == ["FAILED", "FINISHED"]


@pytest.mark.full
def test_a_store_that_cannot_be_used_is_one_line_and_the_run_stays(tmp_path, store, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "file" / "store").as_uri())
    folder = tmp_path / "run"
    done = kerasae("fit", *TINY, "--latent-dim", 3, "--out", folder, "--mlflow", "--quiet")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("kerasae: MLflow at ")
    assert "--resume" in lines[0]
    assert (folder / "metrics.json").is_file()
