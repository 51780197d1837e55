"""Sweeps and studies as a library runs them, on a few random images."""

import dataclasses
import json
import pickle
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from kerasae.data.image_data import ImageData
from kerasae.errors import ArtifactError, InvalidSetting
from kerasae.experiment import Experiment
from kerasae.files.interrupts import handling_signals, install_handlers_again
from kerasae.runs.run import Run
from kerasae.studies.learning_rate import LearningRateStudy
from kerasae.studies.overfitting import OverfitStudy
from kerasae.studies.run_study import run_study
from kerasae.trials.data_store import DataStore
from kerasae.trials.executors import SerialExecutor
from kerasae.trials.grid import Sweep
from kerasae.trials.sweeps import read_sweep, run_sweep

BASE = Experiment("tiny", (3,), 2, epochs=1)


def tiny(seed):
    images = np.random.default_rng(seed).integers(0, 256, (40, 4, 4)).astype(np.uint8)
    return ImageData("tiny", images, images[:, 0, 0], images[:10], images[:10, 0, 0])


def files_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sweep(folder, dims=(2,), seeds=1, data=0, resume=False):
    grid = Sweep(BASE, networks=((3,),), latent_dims=dims, seeds=seeds)
    return run_sweep(grid, tiny(data), folder, executor=SerialExecutor(), resume=resume)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "sweep"
    sweep(folder, seeds=2)
    return folder


SCRIPT = """
import sys
import numpy as np
import kerasae

print("begun")
images = np.random.default_rng(0).integers(0, 256, (40, 4, 4)).astype(np.uint8)
data = kerasae.ImageData.from_arrays(images, test=images[:10])
grid = kerasae.Sweep(kerasae.Experiment(epochs=1), networks=((3,),), latent_dims=(3, 2))
result = kerasae.sweep(grid, data, sys.argv[1])
print([run.name for run in result.runs] == [row["trial"] for row in result.rows], result.errors)
"""


@pytest.mark.slow
def test_a_script_sweeps_arrays_without_a_main_of_its_own(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    line = [sys.executable, "script.py", "out"]
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines() == ["begun", "True {}"], done.stderr
    assert read_sweep(tmp_path / "out").sweep.base.dataset == "array"


def test_a_sweep_takes_the_name_of_a_data_set(tmp_path):
    grid = Sweep(BASE, networks=((3,),), latent_dims=(1,))
    with pytest.raises(InvalidSetting, match="nowhere"):
        run_sweep(grid, tmp_path / "nowhere.npy", str(tmp_path / "out"))
    result = run_sweep(grid, "digits8", str(tmp_path / "out"), executor=SerialExecutor())
    assert [row["dataset"] for row in result.rows] == ["digits8"]


@pytest.mark.slow
def test_a_sweep_takes_more_trials_but_leaves_none_out(tmp_path, finished):
    folder = shutil.copytree(finished, tmp_path / "sweep")
    for fewer in ({"dims": (1,), "seeds": 2}, {"seeds": 1}):
        with pytest.raises(InvalidSetting, match="begun with"):
            sweep(folder, **fewer, resume=True)
    rows = sweep(folder, seeds=3, resume=True).rows
    assert [row["seed"] for row in rows] == [0, 1, 2]


@pytest.mark.slow
def test_a_network_that_is_added_has_its_own_rate_and_the_others_theirs(tmp_path):
    # Noise is as like itself when shifted, by which several hidden layers learn slower.
    noise = np.random.RandomState(0).randint(0, 256, (60, 8, 8)).astype(np.uint8)
    data = ImageData.from_arrays(noise[:40], test=noise[40:], name="noise")
    grid = Sweep(Experiment("noise", epochs=1), ((3,), (4, 3)), (2,))

    def names(**changes):
        wanted = dataclasses.replace(grid, **changes)
        place, resume = tmp_path / "sweep", bool(changes)
        found = run_sweep(wanted, data, place, executor=SerialExecutor(), resume=resume)
        return [row["trial"] for row in found.rows]

    first = ["basic-3-z2-lr0.003-seed0", "extended-4-3-z2-lr0.001-seed0"]
    assert names() == first
    more = ((3,), (4, 3), (5, 4))
    assert names(networks=more) == [*first, "extended-5-4-z2-lr0.001-seed0"]
    reason = r"learning_rates: received \[0.003\].* the network 4-3 was begun with, \[0.001\]"
    with pytest.raises(InvalidSetting, match=reason):
        names(networks=more, learning_rates=(0.003,))
    assert len(names(networks=more, learning_rates=(None, 0.1))) == 6


def test_rates_that_are_recorded_are_kept():
    noise = np.random.RandomState(0).randint(0, 256, (60, 8, 8)).astype(np.uint8)
    data = ImageData.from_arrays(noise[:40], test=noise[40:], name="noise")
    grid = Sweep(Experiment("noise"), ((3,), (4, 3)), (2,))
    assert grid.resolved(data).network_rates == (0.003, 0.001)
    begun = dataclasses.replace(grid, network_rates=(0.02, 0.01))
    assert begun.resolved(data).network_rates == (0.02, 0.01)
    more = dataclasses.replace(grid, networks=((4, 3), (5, 4), (3,)))
    assert more.resolved(data, begun).network_rates == (0.01, 0.001, 0.02)
    alike = dataclasses.replace(grid, networks=((4, 3), (5, 4))).resolved(data)
    assert (alike.learning_rates, alike.network_rates) == ((0.001,), None)


def test_resuming_with_other_images_is_refused_and_changes_nothing(finished):
    record = (finished / "sweep.json").read_bytes()
    with pytest.raises(ArtifactError, match="data_md5"):
        sweep(finished, seeds=2, data=1, resume=True)
    assert (finished / "sweep.json").read_bytes() == record
    assert json.loads(record)["jobs"] == 1


@pytest.mark.parametrize(
    ("images", "batch", "reason"),
    [(tiny(0).train[:1], 1, "training images"), (tiny(0).train, 99, "at most the 36")],
)
def test_too_few_images_are_told_before_anything_is_written(tmp_path, images, batch, reason):
    data = dataclasses.replace(tiny(0), train=images, train_labels=images[:, 0, 0])
    base = dataclasses.replace(BASE, batch_size=batch)
    for own, why in ((data, reason), (ImageData.from_arrays(images), "test images")):
        with pytest.raises(InvalidSetting, match=why):
            run_sweep(Sweep(base), own, tmp_path / "sweep")
    assert not list(tmp_path.iterdir())


def test_a_setting_that_follows_from_the_data_is_recorded_as_what_it_is(finished):
    begun = read_sweep(finished).sweep
    assert (BASE.batch_size, begun.base.batch_size) == (None, 16)
    for trial in begun.trials():
        assert Run(finished / "trials" / trial.name).experiment == trial.experiment


@pytest.mark.parametrize("loaded", [False, True])
def test_workers_see_the_data_and_its_pca_as_they_are(tmp_path, loaded):
    whole = dataclasses.replace(tiny(0), validation=tiny(1).train[:5])
    store = DataStore(tmp_path)
    store.add(whole)
    basis = store.add_pca(whole, 0.1, 3)
    if loaded:
        store = pickle.loads(pickle.dumps(store.loaded()))
        shutil.rmtree(tmp_path)
    assert store.data("tiny").checksums() == whole.checksums()
    assert len(store.data("tiny").parts(0.1).validation) == 5
    np.testing.assert_array_equal(store.pca("tiny", 0.1).components, basis.components)
    # The compiled programs of a training go on with the same array only.
    assert store.data("tiny").train is store.data("tiny").train


def test_a_study_stays_out_of_the_folders_of_others(finished):
    before = files_of(finished)
    with pytest.raises(ArtifactError, match="is not empty"):
        run_study(OverfitStudy(BASE), tiny(0), finished)
    assert files_of(finished) == before


def test_settings_that_differ_late_have_trials_of_their_own():
    rates = (0.001, 0.0010000001)
    grids = [Sweep(BASE, learning_rates=rates), LearningRateStudy(BASE, rates)]
    for trials in (grid.trials() for grid in grids):
        assert len({trial.name for trial in trials}) == len(trials)


def test_handlers_are_left_alone_unless_the_program_asked_for_them():
    ours = signal.getsignal(signal.SIGTERM)
    install_handlers_again()
    assert signal.getsignal(signal.SIGTERM) is ours
    with handling_signals():
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        install_handlers_again()
        assert signal.getsignal(signal.SIGTERM) not in (ours, signal.SIG_DFL)
    install_handlers_again()
    assert signal.getsignal(signal.SIGTERM) is ours
