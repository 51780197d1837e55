"""Runs and sweeps as notebooks show them."""

from kerasae.experiment import Experiment
from kerasae.runs.run import Run
from kerasae.trials.sweeps import COLUMNS, SweepResult


def test_a_run_is_a_table_of_its_scores_with_every_text_escaped(tmp_path):
    known = {
        "experiment": Experiment("<script>.npy", (64, 32), 8),
        "metrics": {
            "train_mse": 0.012345678,
            "train_psnr": 19.5,
            "val_mse": None,
            "test_mse": 0.5,
            "test_psnr": 3.0,
            "pca_test_mse": 0.25,
            "pca_test_psnr": 6.0,
        },
    }
    shown = Run.of(tmp_path / "<b>run", **known)._repr_html_()
    assert "<script" not in shown
    assert "<caption>&lt;b&gt;run: script-.npy, 64-32-8</caption>" in shown
    assert "<tr><td>train</td><td>0.012346</td><td>–</td><td>19.5</td><td>–</td></tr>" in shown
    cells = "<td>0.5</td><td>0.25</td><td>3</td><td>6</td>"
    assert f"<tr><td>test</td>{cells}</tr>" in shown
    assert "<td>val" not in shown


def test_a_run_that_cannot_be_read_is_shown_by_its_name(tmp_path):
    assert Run(tmp_path / "missing")._repr_html_() is None
    assert repr(Run(tmp_path / "missing")) == "Run('missing')"


def test_a_sweep_is_one_line_or_a_row_for_each_trial():
    row = dict.fromkeys(COLUMNS)
    rows = [
        {**row, "trial": "a&b", "test_mse": 0.25, "status": "done"},
        {"trial": "bad", "status": "failed"},
    ]
    result = SweepResult(rows, {8: 0.3}, {"bad": "no room"})
    assert repr(result) == "SweepResult(2 trials, 1 failed, lowest test MSE 0.25)"
    shown = result._repr_html_()
    assert shown.count("<tr>") == 3
    assert "<td>a&amp;b</td>" in shown
    assert repr(SweepResult([], {}, {})) == "SweepResult(0 trials, 0 failed, lowest test MSE none)"
