"""What was promised before a crash of the machine is there after it."""

import dataclasses

import pytest
from power_loss import PowerLoss, laid_out

from kerasae.experiment import Experiment
from kerasae.files import whole_files
from kerasae.runs.fitting import fit_into
from kerasae.runs.manifest import changes_in
from kerasae.runs.run import Run
from kerasae.runs.run_files import EXPERIMENT, RESULTS, SWEEP
from kerasae.trials.executors import SerialExecutor
from kerasae.trials.grid import Sweep
from kerasae.trials.sweeps import run_sweep

SETTINGS = Experiment("mnist5k", (6,), 2, epochs=2, batch_size=50)
TIMES = {"seconds", "train_seconds", "images_per_second"}


def test_a_file_is_there_after_its_folder_is_synced_and_torn_before(tmp_path, monkeypatch):
    place = tmp_path / "run"
    place.mkdir()
    with monkeypatch.context() as patch:
        crash = PowerLoss(place, patch)
        whole_files.write_text(place / "a", "12345678")
        whole_files.write_text(place / "trials" / "b" / "c", "x")
        whole_files.write_text(place / "a", "other")
    assert crash.states[-1] == {"a": b"other", "trials": None, "trials/b": None, "trials/b/c": b"x"}
    first = [state for state in crash.states if "trials" not in state]
    assert {state.get("a") for state in first} == {None, b"12345678"}
    assert any(b"1234" in state.values() for state in first)
    assert all(state["a"] in (b"12345678", b"other") for state in crash.states if "a" in state)


def result_of(run):
    metrics = {name: value for name, value in run.metrics.items() if name not in TIMES}
    return metrics, run.history, [weights.tobytes() for weights in run.model.get_weights()]


@pytest.mark.full
def test_a_fit_goes_on_from_whatever_a_crash_of_the_machine_leaves(digits, tmp_path, monkeypatch):
    place = tmp_path / "run"
    place.mkdir()
    with monkeypatch.context() as patch:
        crash = PowerLoss(place, patch)
        whole = result_of(fit_into(place, SETTINGS, digits, None, verbose=0))
    assert len(crash.states) > 20
    for state in crash.states:
        folder = laid_out(state, tmp_path / "after")
        begun = Run(folder) if EXPERIMENT in state else None
        assert result_of(fit_into(folder, SETTINGS, digits, begun, verbose=0)) == whole
        assert changes_in(folder) == []


# A line of the ledger that is torn is told.
@pytest.mark.filterwarnings("ignore::kerasae.errors.KerasAEWarning")
@pytest.mark.full
def test_a_sweep_goes_on_from_whatever_a_crash_of_the_machine_leaves(digits, tmp_path, monkeypatch):
    sweep = Sweep(dataclasses.replace(SETTINGS, epochs=1), ((6,),), (2, 3), (0.003,))
    place = tmp_path / "sweep"
    place.mkdir()

    def run(folder, *, resume):
        run_sweep(sweep, digits, folder, executor=SerialExecutor(), resume=resume)
        rows = (folder / RESULTS).read_text().splitlines()
        columns = [one for one, name in enumerate(rows[0].split(",")) if name not in TIMES]
        table = [[row.split(",")[one] for one in columns] for row in rows]
        return table, [result_of(Run(path)) for path in sorted(folder.glob("trials/*"))]

    with monkeypatch.context() as patch:
        crash = PowerLoss(place, patch)
        whole = run(place, resume=False)
    assert len(crash.states) > 20
    for state in crash.states:
        folder = laid_out(state, tmp_path / "after")
        assert run(folder, resume=SWEEP in state) == whole
        assert changes_in(folder) == []
