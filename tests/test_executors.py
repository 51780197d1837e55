"""Executors and the ledger, with jobs that take no time."""

import dataclasses
import errno
import hashlib
import json
import os
import signal
import subprocess
import sys

import pytest
from small_work import drive, jobs_of, runs_of, stopped_by_hand

from kerasae.errors import ArtifactError, DiskFull, InvalidSetting, KerasAEWarning
from kerasae.trials.executors import ProcessExecutor, SerialExecutor
from kerasae.trials.halving import Step, next_step
from kerasae.trials.jobs import Died, Failed, Finished, Stopped, Warned
from kerasae.trials.ledger import LEDGER, Entry, Ledger
from kerasae.trials.make_executor import make_executor

SCORES = {"test_mse": 0.5, "test_psnr": 3.0, "seconds": 1.0}
NAMES = ["fine-a", "fine-b", "fine-c", "raising"]
EXECUTORS = {
    "serial": SerialExecutor,
    "one process": lambda: ProcessExecutor(1),
    "two processes": lambda: ProcessExecutor(2),
}
KILLED = """
import os, pathlib, signal, sys
from small_work import drive, jobs_of
from kerasae.trials.executors import ProcessExecutor
from kerasae.trials.jobs import Finished
folder, results = pathlib.Path(sys.argv[1]), int(sys.argv[2])
def on_event(event):
    global results
    results -= isinstance(event, Finished)
    if results == 0:
        os.kill(os.getpid(), signal.SIGKILL)
if __name__ == "__main__":
    names = [f"fine-{number}" for number in range(6)]
    drive(jobs_of(folder, names), ProcessExecutor(2), folder, on_event=on_event)
"""


def outcomes(events):
    return sorted(
        (event.name, type(event).__name__)
        for event in events
        if isinstance(event, Finished | Failed)
    )


@pytest.mark.parametrize("make", EXECUTORS.values(), ids=EXECUTORS)
def test_each_job_is_done_once_and_not_again(tmp_path, make):
    jobs = jobs_of(tmp_path, NAMES)
    first = drive(jobs, make(), tmp_path)
    expected = [(name, "Failed" if name == "raising" else "Finished") for name in NAMES]
    assert outcomes(first) == expected
    assert runs_of(tmp_path) == dict.fromkeys(NAMES, 1)
    again = drive(jobs, make(), tmp_path)
    assert outcomes(again) == expected
    # What failed without reason to fail again has another try.
    assert runs_of(tmp_path) == {**dict.fromkeys(NAMES, 1), "raising": 2}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_job_that_kills_its_worker_is_tried_three_times(tmp_path, workers):
    names = ["killing-always", "fine-a", "killing-once", "fine-b"]
    jobs = jobs_of(tmp_path, names)
    events = drive(jobs, ProcessExecutor(workers), tmp_path)
    assert outcomes(events) == [
        ("fine-a", "Finished"),
        ("fine-b", "Finished"),
        ("killing-always", "Failed"),
        ("killing-once", "Finished"),
    ]
    (failure,) = (event for event in events if isinstance(event, Failed))
    assert failure.error == "its process died 3 times (exit code -9)"
    assert len([event for event in events if isinstance(event, Warned)]) == 3
    assert not any(isinstance(event, Died) for event in events)
    assert runs_of(tmp_path) == {
        "killing-always": 3, "killing-once": 2, "fine-a": 1, "fine-b": 1
    }  # fmt: skip
    with Ledger(tmp_path) as ledger:
        assert {name: entry.kills for name, entry in ledger.read().items()} == {
            "killing-always": 3, "killing-once": 1, "fine-a": 0, "fine-b": 0
        }  # fmt: skip


def test_a_driver_that_is_killed_runs_nothing_finished_again(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    script = tmp_path / "driver.py"
    script.write_text(KILLED)
    for results in (1, 4, 9):
        command = [sys.executable, str(script), str(tmp_path / "run"), str(results)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == (0 if results == 9 else -signal.SIGKILL), done.stderr
    runs = runs_of(tmp_path / "run")
    assert set(runs) == {f"fine-{number}" for number in range(6)}
    # Two at a time were in flight when the driver was killed, twice.
    assert sum(runs.values()) <= 6 + 2 * 2
    with Ledger(tmp_path / "run") as ledger:
        assert all(isinstance(one.outcome, Finished) for one in ledger.read().values())


def test_no_room_ends_the_run_and_it_can_go_on(tmp_path):
    with pytest.raises(DiskFull, match="full-disk: there is no room"):
        drive(jobs_of(tmp_path, ["fine-a", "full-disk"]), ProcessExecutor(1), tmp_path)
    assert runs_of(tmp_path)["fine-a"] == 1
    drive(jobs_of(tmp_path, ["fine-a"]), ProcessExecutor(1), tmp_path)
    assert runs_of(tmp_path)["fine-a"] == 1


def test_other_settings_are_refused_and_more_jobs_are_not(tmp_path):
    drive(jobs_of(tmp_path, ["fine-a"]), SerialExecutor(), tmp_path)
    with pytest.raises(ArtifactError, match=r"fine-a: was begun .*\(epochs: 10 there, 9 here"):
        drive(jobs_of(tmp_path, ["fine-a"], epochs=9), SerialExecutor(), tmp_path)
    drive(jobs_of(tmp_path, ["fine-a", "fine-b"]), SerialExecutor(), tmp_path)
    assert runs_of(tmp_path) == {"fine-a": 1, "fine-b": 1}


@pytest.mark.parametrize("make", EXECUTORS.values(), ids=EXECUTORS)
def test_halving_stops_the_weaker_half_at_each_rung(tmp_path, make):
    names = [f"fine-{number}" for number in range(5)]
    jobs = jobs_of(tmp_path, names, epochs=8)
    for _ in range(2):
        events = drive(jobs, make(), tmp_path, halving=True)
        stopped = {event.name: event.epoch for event in events if isinstance(event, Stopped)}
        assert stopped == stopped_by_hand(names, 8) == {"fine-3": 2, "fine-4": 2, "fine-2": 4}
        assert [name for name, _ in outcomes(events)] == ["fine-0", "fine-1"]
    # Once to each rung and once to the end; nothing more by the second time.
    assert runs_of(tmp_path) == {
        "fine-0": 3, "fine-1": 3, "fine-2": 2, "fine-3": 1, "fine-4": 1
    }  # fmt: skip


def test_halving_goes_on_where_the_line_of_a_job_that_is_done_is_damaged(tmp_path):
    jobs = jobs_of(tmp_path, [f"fine-{number}" for number in range(5)], epochs=8)
    first = drive(jobs, ProcessExecutor(1), tmp_path, halving=True)
    lines = (tmp_path / LEDGER).read_text().splitlines(keepends=True)
    kept = [line for line in lines if not ("fine-1" in line and "outcome" in line)]
    kept = [line.replace("rung", "rang") if "fine-0" in line else line for line in kept]
    (tmp_path / LEDGER).write_text("".join(kept))
    (jobs[1].folder / "metrics.json").unlink()
    with pytest.warns(UserWarning, match="is damaged"):
        again = drive(jobs, ProcessExecutor(1), tmp_path, halving=True)
    assert outcomes(again) == outcomes(first)
    for kind in (Finished, Stopped):
        assert {e for e in map(repr, again) if e.startswith(kind.__name__)} == {
            e for e in map(repr, first) if e.startswith(kind.__name__)
        }


def test_halving_goes_on_without_a_job_that_kills_its_worker(tmp_path):
    names = ["fine-a", "killing-once", "killing-always", "fine-b"]
    events = drive(jobs_of(tmp_path, names, epochs=2), ProcessExecutor(2), tmp_path, halving=True)
    assert outcomes(events) == [
        ("fine-a", "Finished"), ("killing-always", "Failed"), ("killing-once", "Finished")
    ]  # fmt: skip
    assert [event.name for event in events if isinstance(event, Stopped)] == ["fine-b"]


def test_halving_keeps_or_stops_all_seeds_of_a_cell_by_their_mean(tmp_path):
    # At the first rung: (1 + 10) / 2 against (3 + 4) / 2, though the best trial is in the first.
    cells = {"fine-a0": (1, 0), "fine-a1": (1, 9), "fine-b0": (3, 0), "fine-b1": (3, 1)}
    jobs = jobs_of(tmp_path, list(cells), epochs=2)
    jobs = [
        dataclasses.replace(job, experiment=dataclasses.replace(
            job.experiment, hidden_dims=(width,), seed=seed
        ))
        for job, (width, seed) in zip(jobs, cells.values(), strict=True)
    ]  # fmt: skip
    events = drive(jobs, SerialExecutor(), tmp_path, halving=True)
    assert sorted(event.name for event in events if isinstance(event, Stopped)) == [
        "fine-a0", "fine-a1"
    ]  # fmt: skip
    assert outcomes(events) == [("fine-b0", "Finished"), ("fine-b1", "Finished")]


def test_a_seed_that_fails_later_changes_nothing_that_was_decided():
    cells = [("a0", "a1"), ("b0", "b1")]
    scores = {"a0": {1: 0.1}, "a1": {1: 0.3}, "b0": {1: 0.25}, "b1": {1: 0.25}}
    assert next_step(cells, 2, scores, ()).names == ("a0", "a1")
    assert next_step(cells, 2, scores, {"a0"}) == Step(None, ("a1",), {"b0": 1, "b1": 1})
    # One that failed before the rung is not waited for.
    del scores["a0"]
    assert next_step(cells, 2, scores, {"a0"}) == Step(None, ("b0", "b1"), {"a1": 1})


@pytest.fixture
def three_trials(tmp_path):
    folder = tmp_path / "ledger"
    folder.mkdir()
    with Ledger(folder) as ledger:
        for number, job in enumerate(ledger.beginning(jobs_of(folder, ["t0", "t1", "t2"]))):
            ledger.record(Finished(job.name, {"mse": number / 10, **SCORES}))
    return folder


def done_in(folder):
    with Ledger(folder) as ledger:
        return [name for name, entry in ledger.read().items() if entry.outcome]


def lines_of(folder):
    return (folder / LEDGER).read_bytes().splitlines(keepends=True)


def line_of(record):
    text = json.dumps(record).encode()
    return hashlib.sha256(text).hexdigest()[:32].encode() + b" " + text + b"\n"


def test_the_ledger_comes_back_and_nothing_in_it_is_written_again(three_trials):
    before = (three_trials / LEDGER).read_bytes()
    assert done_in(three_trials) == done_in(three_trials) == ["t0", "t1", "t2"]
    assert (three_trials / LEDGER).read_bytes() == before
    with Ledger(three_trials) as ledger:
        entries = ledger.read()
        ledger.record(Died("t1", "killed"))
    assert entries["t2"].outcome == Finished("t2", {"mse": 0.2, **SCORES})
    with Ledger(three_trials) as ledger:
        assert ledger.read()["t1"].kills == 1
    assert (three_trials / LEDGER).read_bytes().startswith(before)
    assert os.listdir(three_trials) == [LEDGER]


@pytest.mark.parametrize("syncs", range(2))
def test_there_is_a_ledger_whenever_it_is_cut_short(three_trials, monkeypatch, syncs):
    sync, left = os.fsync, [None] * syncs

    def cut_short(handle):
        if not left:
            raise KeyboardInterrupt
        left.pop()
        sync(handle)

    def use():
        with Ledger(three_trials) as ledger:
            ledger.read()
            ledger.record(Died("t1", "killed"))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", cut_short)
        with pytest.raises(KeyboardInterrupt):
            use()
    assert done_in(three_trials) == ["t0", "t1", "t2"]


@pytest.mark.parametrize(
    ("number", "error", "reason"),
    [
        (errno.ENOSPC, DiskFull, "there is no room"),
        (errno.EDQUOT, DiskFull, "there is no room"),
        (errno.EIO, DiskFull, "there is no room for it, or the disk has failed"),
    ],
)
@pytest.mark.parametrize("syncs", range(2))
def test_what_a_sync_says_is_told_in_a_line(
    three_trials, monkeypatch, number, error, reason, syncs
):
    sync, left = os.fsync, [None] * syncs

    def fails(handle):
        if not left:
            raise OSError(number, os.strerror(number))
        left.pop()
        sync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(error, match=rf"{LEDGER}: .*{reason}"), Ledger(three_trials) as ledger:
            ledger.record(Died("t1", "killed"))
    assert done_in(three_trials) == ["t0", "t1", "t2"]


def test_a_damaged_line_costs_that_line_only_and_is_told(three_trials):
    lines = lines_of(three_trials)
    damaged = b"".join([*lines[:3], lines[3].replace(b"0.1", b"0.7"), *lines[4:]])
    (three_trials / LEDGER).write_bytes(damaged)
    for _ in range(2):
        with pytest.warns(UserWarning, match="line 4 is damaged"):
            assert done_in(three_trials) == ["t0", "t2"]
    assert (three_trials / LEDGER).read_bytes() == damaged


@pytest.mark.parametrize(
    "record",
    [
        {"trial": "t0"},
        {"trial": 0, "killed": True},
        {"killed": True},
        {"trial": "t0", "rung": "1", "val_mse": 0.1},
        {"trial": "t0", "rung": 1},
        {"trial": "t0", "outcome": {}},
        {"trial": "t0", "outcome": {"error": "e", "final": 1}},
        {"trial": "t0", "identity": []},
        {"trial": "t0", "identity": {"experiment": {}, "data_md5": [""]}},
        {"trial": "t0", "identity": {"experiment": [], "data_md5": [""], "code": 2}},
        {"trial": "t0", "identity": {"experiment": {}, "data_md5": 5, "code": 2}},
        {"trial": "t0", "identity": {"experiment": {"l1": {}}, "data_md5": [""], "code": 2}},
        {"trial": "t0", "outcome": {"metrics": None}},
        {"trial": "t0", "outcome": {"metrics": [1]}},
        {"trial": "t0", "outcome": {"metrics": {}}},
        {"trial": "t0", "outcome": {"metrics": {**SCORES, "test_mse": "0.1"}}},
        {"trial": "t0", "outcome": {"metrics": {**SCORES, "test_mse": None}}},
        {"trial": "t0", "outcome": {"metrics": {**SCORES, "test_mse": 10**300}}},
        {"trial": "t0", "outcome": {"metrics": {**SCORES, "epochs": 3.5}}},
        {"trial": "t0", "outcome": {"metrics": {**SCORES, "val_mse": True}}},
        {"trial": "t0", "rung": 10**300, "val_mse": 0.1},
        {"trial": "t0", "rung": 1, "val_mse": 10**300},
        ["t0"],
        10**300,
        None,
    ],
)
def test_a_whole_line_that_is_no_record_counts_as_damaged(three_trials, record):
    with (three_trials / LEDGER).open("ab") as file:
        file.write(line_of(record))
    with pytest.warns(UserWarning, match="line 7 is damaged"):
        assert done_in(three_trials) == ["t0", "t1", "t2"]


def test_many_damaged_lines_are_counted(three_trials):
    with (three_trials / LEDGER).open("ab") as file:
        file.write(b"x\n" * 25)
    with pytest.warns(KerasAEWarning) as caught:
        assert done_in(three_trials) == ["t0", "t1", "t2"]
    messages = [str(one.message) for one in caught]
    assert len(messages) == 11
    assert "15 more lines are damaged" in messages[-1]


def test_a_line_that_was_cut_off_is_told_and_the_next_one_is_whole(three_trials):
    path = three_trials / LEDGER
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.warns(UserWarning, match="the last line is cut off"):
        assert done_in(three_trials) == ["t0", "t1"]
    path.write_bytes(path.read_bytes()[:-5])
    with (
        pytest.warns(UserWarning, match="the last line is cut off"),
        Ledger(three_trials) as ledger,
    ):
        ledger.record(Finished("t1", {"mse": 0.3, **SCORES}))
    with Ledger(three_trials) as ledger:
        assert ledger.read()["t1"].outcome == Finished("t1", {"mse": 0.3, **SCORES})


def test_a_ledger_of_an_earlier_version_reads_the_same(tmp_path):
    records = [
        {"trial": "a", "identity": {"experiment": {"seed": 0}, "data_md5": [""], "code": 1}},
        {"trial": "a", "killed": True},
        {"trial": "a", "rung": 3, "val_mse": 0.5},
        {"trial": "a", "outcome": {"metrics": {"val_mse": None, "extended_at": [2], **SCORES}}},
        {"trial": "b", "identity": {"experiment": {}, "data_md5": [""], "code": 1}},
        {"trial": "b", "outcome": {"error": "raised", "final": False}},
        {"trial": "unknown", "killed": True},
    ]
    (tmp_path / LEDGER).write_bytes(b"".join(map(line_of, records)))
    with Ledger(tmp_path) as ledger:
        entries = ledger.read()
    metrics = {"val_mse": None, "extended_at": [2], **SCORES}
    assert entries == {
        "a": Entry(records[0]["identity"], 1, {3: 0.5}, Finished("a", metrics)),
        "b": Entry(records[4]["identity"], outcome=Failed("b", "raised")),
    }


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("threads", {}),
        ("serial", {"gpus_per_trial": 0.5}),
        ("processes", {"ray_address": "auto"}),
        ("ray", {"gpus_per_trial": -1.0}),
    ],
)
def test_settings_that_an_executor_cannot_use_are_refused(name, options):
    with pytest.raises(InvalidSetting):
        make_executor(name, 1, **options)


@pytest.mark.parametrize("spoil", [os.mkfifo, lambda path: path.symlink_to(path.with_name("x"))])
def test_a_ledger_that_is_no_file_of_ours_is_refused(tmp_path, spoil):
    (tmp_path / "x").write_bytes(b"")
    spoil(tmp_path / LEDGER)
    with pytest.raises(ArtifactError, match=LEDGER), Ledger(tmp_path):
        pass
