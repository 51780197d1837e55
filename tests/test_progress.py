"""What trainings show while they go on, in terminals of several widths and elsewhere."""

import io
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from kerasae_cli.progress import SCORING, EpochProgress, TrialsProgress
from kerasae_cli.time_left import TimeLeft
from rich.console import Console, Group

from kerasae.experiment import Experiment
from kerasae.runs.fitting import fit_into
from kerasae.trials.jobs import Doing, EpochDone, Failed, Finished, Paused, Started, Stopped

NAME = "extended-1024-512-z16-lr0.003-seed0"
LOGS = {"val_mse": 0.0123456, "val_psnr": 19.085, "images_per_second": 12_345.0}
SHOWING = """
import os, signal, sys
from kerasae_cli.progress import TrialsProgress
from kerasae.trials.jobs import Finished, Started
with TrialsProgress(1, silent=False) as progress:
    progress.show(Started("a", 1))
    progress.show(Finished("a", {"test_mse": 0.5, "seconds": 1.0}))
"""


def on_a_terminal(words, more, place=None):
    """Runs Python with a terminal for its errors: the exit code, and what was drawn there."""
    pty = pytest.importorskip("pty", reason="needs pseudo-terminals")
    ours, theirs = pty.openpty()
    bare = {name: value for name, value in os.environ.items() if name not in ("CI", "COLUMNS")}
    # ipykernel sets the second for what is started from a cell.
    env = {**bare, "TERM": "xterm-color", "FORCE_COLOR": "1", **more}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    done = subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.DEVNULL, stderr=theirs, env=env, cwd=place
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:
        # What Linux says when the other end is closed.
        pass
    os.close(ours)
    return done.wait(), seen


def shown(progress, width):
    """The lines of the display in a terminal of so many columns."""
    console = Console(file=io.StringIO(), width=width)
    console.print(Group(*progress.get_renderables()))
    return console.file.getvalue().splitlines()


def running(total=3):
    progress = TrialsProgress(total, silent=True)
    progress.show(Started(NAME, 10))
    progress.show(Doing(NAME, "training"))
    return progress


@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_epoch_time_left_and_error_are_whole_at_any_width(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    progress = running()
    progress.show(EpochDone(NAME, 3, LOGS))
    total, trial = shown(progress, width)
    assert re.search(r" 0/3 +\d+:\d\d", total)
    assert re.search(r" 3/10 +\d+:\d\d val 0\.01235$", trial.rstrip())
    # What tells trials apart is at the end of their names.
    assert "-seed0 " in trial
    assert (NAME in trial) == (width >= 80)
    assert ("━" in trial) == (width >= 80)
    # ^C has room beside it.
    assert max(map(len, (total.rstrip(), trial.rstrip()))) <= width - 3


def test_a_fit_fits_as_well(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    progress = EpochProgress(silent=True)
    progress.expect(100)
    progress.doing("compiling")
    (line,) = shown(progress, 60)
    assert re.search(r"compiling +0/100 +-:--", line)
    progress.doing("training")
    progress.show(1, LOGS)
    (line,) = shown(progress, 60)
    assert re.search(r"training, 12,345 images/s +1/100 +\d+:\d\d val 0\.01235", line)


def test_the_total_has_a_time_left_as_soon_as_any_trial_has_done_an_epoch(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    progress = running()
    progress.show(Started("b", 10))
    assert "-:--" in shown(progress, 80)[0]
    progress.show(EpochDone("b", 1, LOGS))
    assert "-:--" not in shown(progress, 80)[0]


def test_time_left_follows_from_all_epochs_however_far_apart():
    left = TimeLeft(now=0.0)
    for epoch in range(1, 5):
        left.epoch_done(now=40.0 * epoch)
        assert left.of(10 - epoch, now=40.0 * epoch) == pytest.approx(40.0 * (10 - epoch))
    # It runs down between them, and not below nothing.
    assert left.of(6, now=170.0) == pytest.approx(230.0)
    assert left.of(1, now=1000.0) == 0.0


def epochs_left(progress):
    return progress.tasks[0].fields["epochs_left"]


def test_the_epochs_left_are_those_of_all_trials():
    progress = running(total=3)
    assert epochs_left(progress) == 30
    progress.show(EpochDone(NAME, 4, LOGS))
    assert epochs_left(progress) == 6 + 20
    # At a rung it waits, and has its epochs still before it.
    progress.show(Paused(NAME, 4, 0.1))
    assert len(progress.tasks) == 1
    progress.show(Started("b", 10))
    progress.show(Stopped("b", 4, 0.2))
    assert epochs_left(progress) == 6 + 10
    progress.show(Started(NAME, 10))
    progress.show(EpochDone(NAME, 5, LOGS))
    progress.show(Finished(NAME, {"test_mse": 0.1, "seconds": 1.0}))
    assert epochs_left(progress) == 10


def drive_all(**options):
    with TrialsProgress(3, silent=False, **options) as progress:
        for name in "abc":
            progress.show(Started(name, 100))
            for epoch in range(1, 101):
                progress.show(EpochDone(name, epoch, LOGS))
        progress.show(Finished("a", {"test_mse": 0.5, "seconds": 61.0}))
        progress.show(Stopped("b", 1, 0.25))
        progress.show(Failed("c", "no luck"))


@pytest.mark.parametrize(("options", "then"), [({}, "drawing"), ({"then": SCORING}, SCORING)])
def test_without_a_terminal_there_is_a_line_a_trial(capsys, options, then):
    drive_all(**options)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "training 3 trials",
        "[1/3] a: test MSE 0.50000, 61.0 s",
        "[2/3] b: stopped after 1 epoch, val MSE 0.25000",
        "[3/3] c: failed: no luck",
        then,
    ]


def test_without_a_terminal_a_fit_has_a_line_an_epoch_and_nothing_when_quiet(capsys):
    for silent in (False, True):
        with EpochProgress(silent=silent) as progress:
            progress.expect(2)
            progress.doing("compiling")
            progress.show(1, LOGS)
            progress.show(2, {"train_mse": 0.5, "images_per_second": 5.0})
        out, err = capsys.readouterr()
        assert out == ""
        expected = [
            "compiling",
            "epoch 1/2: val MSE 0.01235, PSNR 19.09 dB, 12,345 images/s",
            "epoch 2/2: train MSE 0.5000, 5 images/s",
        ]
        assert err.splitlines() == ([] if silent else expected)


@pytest.mark.parametrize(
    ("more", "live"), [({}, True), ({"JPY_PARENT_PID": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_notebook_gets_lines_though_it_seems_to_be_a_terminal(more, live):
    code, seen = on_a_terminal(["-c", SHOWING], more)
    assert code == 0
    assert (b"\x1b[" in seen) == live
    assert (b"[1/1] a: test MSE 0.50000, 1.0 s" in seen) != live


@pytest.mark.full
def test_a_command_that_takes_seconds_says_what_it_is_doing(tmp_path, digits):
    settings = Experiment("mnist5k", (8,), 3, epochs=1, batch_size=50)
    fit_into(tmp_path / "run", settings, digits, None, verbose=0)
    np.save(tmp_path / "some.npy", digits.test[:5])
    for line, said in (
        ("apply run some.npy --out made", b"reconstructing"),
        ("encode run some.npy --out codes.npy", b"encoding"),
        ("score run some.npy", b"scoring"),
        ("export run --format saved_model --out exported", b"exporting"),
        ("runs .", b"reading runs"),
        ("report run", b"drawing the page"),
    ):
        words = ["-m", "kerasae_cli.main", *line.split()]
        code, seen = on_a_terminal(words, {}, tmp_path)
        assert code == 0, seen
        assert said in seen
