"""Lists of runs, and runs side by side."""

import dataclasses
import json
import os
import subprocess
import sys

import pytest

from kerasae.errors import ArtifactError, InvalidSetting
from kerasae.experiment import Experiment
from kerasae.files import whole_files
from kerasae.runs import run_files
from kerasae.runs.listing import filtered, find_runs, ordered, side_by_side
from kerasae.runs.run import Run

SCORES = {"a": (3, 0.02, 20.0), "b": (2, 0.01, 25.0), "c [": (3, None, None)}


@pytest.fixture
def folder(tmp_path):
    for name, (dim, mse, psnr) in SCORES.items():
        place = tmp_path / "sweep" / "x] ü" / name
        settings = dataclasses.replace(Experiment("mnist5k"), latent_dim=dim)
        whole_files.write_json(place / run_files.EXPERIMENT, settings.to_dict())
        whole_files.write_json(place / run_files.METRICS, {"test_mse": mse, "test_psnr": psnr})
    whole_files.write_json(tmp_path / "unfinished" / run_files.EXPERIMENT, {})
    return tmp_path


def names(runs):
    return [run.folder.name for run in runs]


def test_finished_runs_are_found_sorted_and_filtered(folder):
    runs, broken = find_runs(folder)
    assert names(runs) == ["a", "b", "c ["]
    assert broken == []
    assert names(ordered(runs, "test_mse")) == ["b", "a", "c ["]
    assert names(ordered(runs, "-test_psnr")) == ["b", "a", "c ["]
    assert names(ordered(runs, "latent_dim")) == ["b", "a", "c ["]
    assert names(filtered(runs, ["latent_dim=3", "test_mse=0.02"])) == ["a"]


def test_a_broken_run_is_named_and_the_others_are_listed(folder):
    (folder / "sweep" / "x] ü" / "a" / run_files.EXPERIMENT).write_text("{}")
    runs, broken = find_runs(folder)
    assert names(runs) == ["b", "c ["]
    assert len(broken) == 1
    assert "dataset" in broken[0]


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        ([], "does not hold scores by name"),
        ({"a\x1b[2J": 1}, r"received 'a\\x1b\[2J'; expected the name of a score"),
        ({"[/x]": 1}, r"received '\[/x\]'"),
        ({"dataset": 5}, "received 'dataset'"),
        ({"architecture": 5}, "received 'architecture'"),
        ({"test_mse": "0.1"}, "test_mse: received '0.1'; expected a number"),
        ({"test_mse": True}, "test_mse: received True"),
        ({"test_mse": {"a": 1}}, "test_mse: received {'a': 1}"),
        ({"extended_at": [3, "x"]}, r"extended_at: received \[3, 'x'\]"),
        ({"test_mse": 10**400}, "test_mse: received 1000"),
    ],
)
def test_scores_that_are_none_are_refused(folder, metrics, reason):
    place = folder / "sweep" / "x] ü" / "a"
    whole_files.write_json(place / run_files.METRICS, {"epochs": 3, "extended_at": [1], "x": None})
    assert Run(place).values()["epochs"] == 3
    (place / run_files.METRICS).write_text(json.dumps(metrics))
    with pytest.raises(ArtifactError, match=reason) as refused:
        Run(place).metrics
    assert run_files.METRICS in str(refused.value)
    assert names(find_runs(folder)[0]) == ["b", "c ["]


def test_only_what_differs_and_the_scores_are_set_side_by_side(folder):
    runs, _ = find_runs(folder)
    assert side_by_side(runs[:2]) == {
        "latent_dim": [3, 2], "test_mse": [0.02, 0.01], "test_psnr": [20.0, 25.0]
    }  # fmt: skip


def test_names_that_no_run_has_are_refused(folder):
    runs, _ = find_runs(folder)
    for condition in ("nothing=1", "seed"):
        with pytest.raises(InvalidSetting, match="filter"):
            filtered(runs, [condition])
    with pytest.raises(InvalidSetting, match="sort"):
        ordered(runs, "nothing")
    with pytest.raises(ArtifactError, match="is not a folder"):
        find_runs(folder / "nowhere")


def test_the_commands_print_tables_and_json(folder):
    place = folder / "sweep" / "x] ü"
    for words, expected in (
        (["runs", folder], "3 of 3 runs"),
        (["compare", place / "a", place / "c ["], "test_psnr"),
    ):
        command = [sys.executable, "-m", "kerasae_cli.main", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout
        done = subprocess.run([*command, "--json"], capture_output=True, text=True)
        assert json.loads(done.stdout)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_narrow_terminal_is_told_what_it_has_no_room_for(folder, columns):
    command = [
        sys.executable,
        "-m",
        "kerasae_cli.main",
        "runs",
        str(folder),
        "--sort",
        "-test_psnr",
    ]
    environment = {**os.environ, "COLUMNS": str(columns)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert all(len(line) <= columns for line in done.stdout.splitlines())
    (heading,) = [line for line in done.stdout.splitlines() if line.startswith("┃")]
    assert "test_psnr" in heading
    left_out = " ".join(done.stdout.rpartition("┘")[2].split())
    for name in ("seed", "hidden_dims", "seconds", "test_mse"):
        assert (name in heading) != (name in left_out)
    assert "25 " in done.stdout


def test_names_and_contents_of_strangers_cannot_steer_the_terminal(tmp_path):
    place = tmp_path / "[red]a[/red]\x1b[2J"
    settings = {**Experiment("mnist5k").to_dict(), "dataset": "[bold]x\x1b]0;title\x07"}
    whole_files.write_json(place / run_files.EXPERIMENT, settings)
    whole_files.write_json(place / run_files.METRICS, {"test_mse": 0.1, "test_psnr": 10.0})
    for words in (["runs", str(tmp_path)], ["compare", str(place), str(place)]):
        command = [sys.executable, "-m", "kerasae_cli.main", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "300"}
        )
        assert "\x1b" not in done.stdout + done.stderr
        assert "[red]a[/red]\\x1b[2J" in done.stdout + done.stderr


def test_a_run_made_of_links_is_not_listed(folder):
    scores = folder / "sweep" / "x] ü" / "a" / run_files.METRICS
    scores.rename(folder / "elsewhere.json")
    scores.symlink_to(folder / "elsewhere.json")
    runs, broken = find_runs(folder)
    assert "a" not in names(runs)
    assert len(broken) == 1
