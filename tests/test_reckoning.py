"""What a sweep would take."""

import dataclasses
import itertools
import json

import pytest
from commands import command

from kerasae.experiment import Experiment
from kerasae.memory import weights_of
from kerasae.models import network
from kerasae.pca import fit_pca
from kerasae.trials.grid import Sweep
from kerasae.trials.halving import planned_steps, rungs
from kerasae.trials.reckoning import (
    FILES,
    WORKER,
    Timing,
    Timings,
    checkpoint_bytes,
    disk_left,
    longest_first,
    mean_epochs,
    memory,
    reckon,
    trial_seconds,
)

SECONDS = [5.0, 4.0, 3.0, 3.0, 3.0]


@pytest.mark.parametrize("shortcut", [None, "linear", "pca"])
@pytest.mark.parametrize("hidden", [(), (7,), (9, 5)])
def test_weights_are_counted_as_keras_does(digits, shortcut, hidden):
    experiment = Experiment(hidden_dims=hidden, latent_dim=3, shortcut=shortcut)
    # Of images whose mean outweighs what they vary by; of others it is counted, too.
    model = network(experiment, (28, 28), fit_pca(255 - digits.train, 3))
    assert weights_of(experiment, 784) == model.count_params()


def test_memory_is_that_of_the_largest_networks_at_once():
    # Adam: weight, gradient, best, two moments, and without the gradient again in a checkpoint.
    assert memory([10, 30, 20], "adam", 2) == 3 * WORKER + 4 * 9 * 50
    assert memory([10, 30, 20], "sgd", 1) == 2 * WORKER + 4 * 5 * 30


def test_disk_is_that_of_models_and_of_checkpoints():
    assert disk_left([10, 30, 20], 3) == 3 * FILES + 4 * 60
    assert disk_left([10, 30, 20], 1) == 3 * FILES + 4 * 30
    # Two that are kept and one that is being written, of weights, best ones and two moments.
    assert checkpoint_bytes([10, 30, 20], "adam", 2) == 4 * 3 * 4 * 50
    assert checkpoint_bytes([10, 30, 20], "sgd", 1) == 4 * 3 * 2 * 30


def test_time_lies_between_what_no_schedule_can_undercut_and_one_after_another():
    assert longest_first(SECONDS, 1) == sum(SECONDS)
    for at_once in range(1, 7):
        found = longest_first(SECONDS, at_once)
        assert max(max(SECONDS), sum(SECONDS) / at_once) <= found <= sum(SECONDS)
        assert longest_first(SECONDS, at_once + 1) <= found
    # 5 and 3 and 3 on one, 4 and 3 on the other.
    assert longest_first(SECONDS, 2) == 10.0


def test_a_trial_takes_what_was_timed_and_more_the_larger_it_is():
    timings = [Timing(100, 0.5, 2.0), Timing(300, 1.5, 4.0)]
    assert [trial_seconds(size, timings, 10) for size in (100, 200, 300)] == [7.0, 13.0, 19.0]
    assert trial_seconds(100, timings[:1], 10) == 7.0
    # A clock that runs the other way makes no larger network a faster one.
    odd = [Timing(100, 0.5, 2.0), Timing(300, 0.25, 1.0)]
    assert trial_seconds(300, odd, 10) == 7.0


@pytest.mark.parametrize(("cells", "epochs"), [*itertools.product((1, 4, 5), (1, 2, 10))])
def test_halving_takes_fewer_epochs_and_never_more(cells, epochs):
    steps = planned_steps(cells, epochs)
    assert [end for end, _ in steps] == [*rungs(epochs), epochs]
    assert 0 < mean_epochs(steps) <= epochs
    if cells == 4 and epochs == 10:
        # Four to 3, two to 5, one to the end.
        assert mean_epochs(steps) == (4 * 3 + 2 * 2 + 5) / 4


def test_a_sweep_is_reckoned_by_its_grid(digits):
    base = Experiment("mnist5k", epochs=4, batch_size=32, learning_rate=1e-3, shortcut="linear")
    sweep = Sweep(base, networks=((4,), (8,)), latent_dims=(2,), seeds=3)
    timings = Timings(7.0, [Timing(100, 0.001, 2.0)])
    found = reckon(sweep, digits, 2, timings, keep=1)
    assert (found.trials, found.at_once) == (6, 2)
    parts = digits.parts(base.validation_split)
    # Two thirds of a step for each image held out: as many training images are scored.
    each = 2.0 + 4 * 0.001 * (len(parts.train) + len(parts.validation) * 2 / 3)
    assert found.seconds == pytest.approx(7.0 + 3 * each)
    large = weights_of(dataclasses.replace(base, hidden_dims=(8,), latent_dim=2), 784)
    shared = digits.train.nbytes + digits.test.nbytes
    assert found.left_bytes == 6 * FILES + 4 * large
    assert found.disk_bytes == found.left_bytes + shared + 4 * 3 * 4 * 2 * large
    assert found.memory_bytes == shared + 3 * WORKER + 4 * 9 * 2 * large
    halved = reckon(sweep, digits, 2, timings, halving=True)
    # Half of the two cells go on, with all their seeds; all six wait at the rung.
    assert halved.left_bytes == 6 * FILES + 4 * 3 * large
    assert halved.disk_bytes > found.disk_bytes
    assert 7.0 + 3 * 2.0 < halved.seconds < found.seconds


@pytest.mark.slow
def test_a_dry_run_prints_it_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["sweep", "--dataset", "digits8", "--hidden-dims", "4", "--latent-dims", "2,3"]
    done = command(*words, "--epochs", 1, "--jobs", 1, "--dry-run", "--json")
    assert done.code == 0, done.stderr
    printed = json.loads(done.stdout)
    assert (printed["trials"], printed["at_once"]) == (2, 1)
    assert printed["seconds"] > 0
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
