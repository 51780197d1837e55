"""Lists of runs, and runs side by side."""

import dataclasses
import json
import os
import subprocess
import sys
import time

import pytest
from commands import command

from kerasae.errors import ArtifactError, InvalidSetting
from kerasae.experiment import Experiment
from kerasae.files import whole_files
from kerasae.runs import run_files
from kerasae.runs.listing import (
    best_of_all,
    by_choice,
    date_of,
    filtered,
    find_runs,
    ordered,
    side_by_side,
)
from kerasae.runs.record import RunRecord
from kerasae.runs.run import Run

SCORES = {"a": (3, 0.02, 20.0), "b": (2, 0.01, 25.0), "c [": (3, None, None)}


@pytest.fixture
def folder(tmp_path):
    for hour, (name, (dim, mse, psnr)) in enumerate(SCORES.items()):
        place = tmp_path / "sweep" / "x] ü" / name
        settings = dataclasses.replace(Experiment("mnist5k"), latent_dim=dim)
        whole_files.write_json(place / run_files.EXPERIMENT, settings.to_dict())
        whole_files.write_json(place / run_files.METRICS, {"test_mse": mse, "test_psnr": psnr})
        os.utime(place / run_files.METRICS, (3600 * hour, 3600 * hour))
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


def test_the_best_is_chosen_by_validation_and_never_by_the_test(tmp_path):
    scores = {"a": (0.3, 0.1), "b": (0.1, 0.3), "c": (None, 0.0)}
    for name, (val, test) in scores.items():
        whole_files.write_json(tmp_path / name / run_files.EXPERIMENT, Experiment().to_dict())
        metrics = {"val_mse": val, "train_mse": 0.05, "test_mse": test, "x": [1]}
        whole_files.write_json(tmp_path / name / run_files.METRICS, metrics)
    assert names(by_choice(find_runs(tmp_path)[0])) == ["b", "a", "c"]


def test_a_broken_run_is_named_and_the_others_are_listed(folder):
    (folder / "sweep" / "x] ü" / "a" / run_files.EXPERIMENT).write_text("{}")
    runs, broken = find_runs(folder)
    assert names(runs) == ["b", "c ["]
    assert len(broken) == 1
    assert "dataset" in broken[0]


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        ([], "expected values by name, received a list; train the run again"),
        ({"a\x1b[2J": 1}, r"received 'a\\x1b\[2J'; expected the name of a score"),
        ({"[/x]": 1}, r"received '\[/x\]'"),
        ({"dataset": 5}, "received 'dataset'"),
        ({"architecture": 5}, "received 'architecture'"),
        ({"test_mse": "0.1"}, "test_mse: expected a number or null, received a text"),
        ({"test_mse": True}, "test_mse: expected a number or null, received true or false"),
        ({"test_mse": {"a": 1}}, "test_mse: expected a number or null, received values by name"),
        ({"extended_at": [3, "x"]}, r"extended_at\[1\]: expected a whole number, received a text"),
        ({"test_mse": 10**300}, "test_mse: expected a number <="),
        # msgspec 0.21 calls it too small, 0.22 out of range.
        ({"test_mse": 10**400}, "test_mse: (Number out of range|expected a number)"),
        ({"epochs": None}, "epochs: expected a whole number, received null"),
        ({"epochs": 3.5}, "epochs: expected a whole number, received a number"),
        ({"test_mse": 0.1, "test_psnr": None}, "test_psnr: received null beside an MSE"),
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


@pytest.mark.parametrize("linked", ["trials", "trials/a"])
def test_a_trial_that_is_a_link_is_left_out_and_told(tmp_path, folder, linked):
    place = tmp_path / "other" / linked
    place.parent.mkdir(parents=True)
    target = folder / "sweep" / "x] ü"
    place.symlink_to(target if linked == "trials" else target / "a", target_is_directory=True)
    runs, broken = find_runs(tmp_path / "other")
    assert runs == []
    assert [line.partition(":")[0] for line in broken] == [str(place)]
    with pytest.raises(ArtifactError, match="symbolic link"):
        Run(tmp_path / "other" / "trials" / "a").metrics


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
        done = command(*words)
        assert done.code == 0, done.stderr
        assert expected in done.stdout
        assert json.loads(command(*words, "--json").stdout)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_narrow_terminal_is_told_what_it_has_no_room_for(folder, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    printed = command("runs", folder, "--sort", "-test_psnr").stdout
    table = [line for line in printed.splitlines() if line[:1] in "┏┃┡│└"]
    assert all(len(line) <= columns for line in table)
    (heading,) = [line for line in table if line.startswith("┃")]
    assert "test_psnr" in heading
    left_out = " ".join(printed.rpartition("┘")[2].split())
    for name in ("latent_dim", "test_mse", "date"):
        assert (name in heading) != (name in left_out)
    assert "25 " in printed


@pytest.fixture
def trials(tmp_path):
    """Six runs of a sweep, and one fit on another data set, with PCA's error."""
    for dim in (15, 30, 50):
        for seed in (0, 1):
            place = tmp_path / "a sweep" / "trials" / f"basic-256-z{dim}-lr0.003-seed{seed}"
            settings = Experiment("mnist5k", latent_dim=dim, seed=seed)
            write_run(place, settings, {"val_mse": 1 / dim + seed / 1000, "test_mse": 0.03})
    write_run(tmp_path / "fit", Experiment("mnist"), {"val_mse": 0.5, "test_mse": 0.06})
    record = RunRecord(date="2026-01-02T03:04:05+00:00")
    whole_files.write_json(tmp_path / "a sweep" / run_files.SWEEP, record.to_dict())
    return tmp_path


def write_run(place, settings, scores, record=None):
    whole_files.write_json(place / run_files.EXPERIMENT, settings.to_dict())
    if record is not None:
        whole_files.write_json(place / run_files.RUN, record.to_dict())
    metrics = {**scores, "pca_test_mse": 0.04, "epochs": 10}
    whole_files.write_json(place / run_files.METRICS, metrics)


@pytest.fixture
def zone(monkeypatch):
    """Sets the time zone, until the test is over."""

    def enter(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield enter
    monkeypatch.undo()
    time.tzset()


def test_runs_are_listed_by_sweep_with_their_share_of_pca_and_date(trials, monkeypatch, zone):
    monkeypatch.setenv("COLUMNS", "120")
    zone("UTC")
    printed = command("runs", trials).stdout
    # A title is folded to the width of its table.
    title = f"{trials / 'a sweep'}: mnist5k, 2026-01-02 03:04"
    assert "".join(title.split()) in "".join(printed.split())
    lines = [line for line in printed.splitlines() if line.startswith("│")]
    assert [line.split()[1] for line in lines[:2]] == [
        "basic-256-z50-lr0.003-seed0", "basic-256-z50-lr0.003-seed1",
    ]  # fmt: skip
    assert "★ 0.02" in lines[0]
    assert all("75.0%" in line for line in lines[:6])
    assert "150.0%" in lines[6]
    listed = json.loads(command("runs", trials, "--json").stdout)
    assert [row["of_pca"] for row in listed] == pytest.approx([0.75] * 6 + [1.5])
    assert listed[0]["date"] == "2026-01-02 03:04"


def test_a_date_is_told_in_the_time_of_this_place(tmp_path, zone):
    record = RunRecord(date="2026-01-02T23:04:05+00:00")
    write_run(tmp_path / "run", Experiment("mnist5k"), {"val_mse": 0.1}, record)
    zone("Asia/Tokyo")
    assert date_of(Run(tmp_path / "run")) == "2026-01-03 08:04"


def test_runs_of_different_images_or_noise_are_not_ranked(tmp_path):
    """Arrays have one name; a lower error on other images, or less noise, is not better."""
    small, large = (
        RunRecord("array", (md5,), image_shape=shape)
        for md5, shape in (("a", (8, 8)), ("b", (12, 12)))
    )
    first = Experiment("array")
    for name, settings, mse, record in (
        ("small", first, 0.3, small),
        ("better", dataclasses.replace(first, seed=1), 0.2, small),
        ("large", first, 0.1, large),
        ("noisy", dataclasses.replace(first, sigma=0.6), 0.25, small),
        ("trained on all", dataclasses.replace(first, seed=2), None, small),
    ):
        write_run(tmp_path / name, settings, {"val_mse": mse, "train_mse": 0.01}, record)

    def best(*names):
        found = best_of_all([Run(tmp_path / name) for name in names])
        return found and found.name

    assert best("small", "better", "trained on all") == "better"
    assert best("small", "large") is None
    assert best("small", "noisy") is None
    assert best("trained on all") is None
    printed = command("compare", tmp_path / "small", tmp_path / "large").stdout
    assert "★" not in printed
    assert "different images or noise" in " ".join(printed.split())
    printed = "".join(command("runs", tmp_path).stdout.split())
    assert "arrayof8x8" in printed
    assert "arrayof12x12" in printed


def test_many_runs_are_compared_in_rows_by_what_differs(trials, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    places = sorted((trials / "a sweep" / "trials").iterdir())
    printed = command("compare", *places).stdout
    (heading,) = [line for line in printed.splitlines() if line.startswith("┃")]
    assert [name for name in heading.split() if name != "┃"] == [
        "run", "latent_dim", "seed", "val_mse",
    ]  # fmt: skip
    lines = [line for line in printed.splitlines() if line.startswith("│")]
    assert len(lines) == 6
    assert lines[4].split("│")[1].split() == ["z50-lr0.003-seed0"]
    assert "★ 0.02 " in lines[4]
    assert f"6 runs, {trials}/a sweep/trials/basic-256-…".replace(" ", "") in "".join(
        printed.split()
    )


def test_runs_that_are_the_same_differ_in_nothing(trials):
    place = trials / "fit"
    printed = " ".join(command("compare", place, place).stdout.split())
    assert "nothing differs" in printed


def test_names_and_contents_of_strangers_cannot_steer_the_terminal(tmp_path):
    place = tmp_path / "[red]a[/red]\x1b[2J"
    settings = {**Experiment("mnist5k").to_dict(), "dataset": "[bold]x\x1b]0;title\x07"}
    whole_files.write_json(place / run_files.EXPERIMENT, settings)
    whole_files.write_json(place / run_files.METRICS, {"test_mse": 0.1, "test_psnr": 10.0})
    for words in (["runs", str(tmp_path)], ["compare", str(place), str(place)]):
        line = [sys.executable, "-m", "kerasae_cli.main", *words]
        done = subprocess.run(
            line, capture_output=True, text=True, env={**os.environ, "COLUMNS": "300"}
        )
        assert "\x1b" not in done.stdout + done.stderr
        # A title is folded to the width of its table.
        printed = "".join(done.stdout.split())
        assert "[red]a[" in printed
        assert "red]\\x1b[2J" in printed


def test_a_run_made_of_links_is_not_listed(folder):
    scores = folder / "sweep" / "x] ü" / "a" / run_files.METRICS
    scores.rename(folder / "elsewhere.json")
    scores.symlink_to(folder / "elsewhere.json")
    runs, broken = find_runs(folder)
    assert "a" not in names(runs)
    assert len(broken) == 1
