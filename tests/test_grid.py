"""A grid of trials that are made when they are asked for."""

import itertools
import tracemalloc

import pytest

from kerasae.data.datasets import load_dataset
from kerasae.errors import InvalidSetting
from kerasae.experiment import Experiment
from kerasae.trials.grid import Sweep
from kerasae.trials.jobs import Job, JobQueue
from kerasae.trials.schedule import Schedule

GRID = Sweep(
    Experiment("mnist5k"), ((8,), (4, 2), ()), (2, 3), (1e-05, 0.003, 0.0030000001, None), seeds=11
).trials()


def test_the_trials_are_the_product_of_the_lists_in_their_order():
    names = [trial.name for trial in GRID]
    assert len(names) == len(GRID) == len(set(names)) == 3 * 2 * 4 * 11
    assert names[0] == "basic-8-z2-lr1e-05-seed0"
    assert names[-1] == "shallow-z3-seed10"
    rates = [1e-05, 0.003, 0.0030000001, None]
    expected = itertools.product([(8,), (4, 2), ()], [2, 3], rates, range(11))
    settings = (trial.experiment for trial in GRID)
    assert list(expected) == [
        (one.hidden_dims, one.latent_dim, one.learning_rate, one.seed) for one in settings
    ]


def test_each_network_may_have_a_rate_of_its_own():
    networks, rates = ((8,), (4, 2)), (0.1, None)
    trials = Sweep(Experiment("own"), networks, (2,), rates, network_rates=(0.003, 0.001)).trials()
    assert [(trial.name, trial.experiment.learning_rate) for trial in trials] == [
        ("basic-8-z2-lr0.1-seed0", 0.1), ("basic-8-z2-lr0.003-seed0", 0.003),
        ("extended-4-2-z2-lr0.1-seed0", 0.1), ("extended-4-2-z2-lr0.001-seed0", 0.001),
    ]  # fmt: skip
    assert [trials.number_of(trial.name) for trial in trials] == [0, 1, 2, 3]
    with pytest.raises(KeyError):
        trials.number_of("basic-8-z2-lr0.001-seed0")


@pytest.mark.parametrize(
    ("rates", "of_each", "reason"),
    [
        ((0.1, 0.1), None, r"\[0.1, 0.1\].*none of them twice"),
        ((0.1, None), (0.1, 0.2), r"\[0.1, 0.1\].*others than 0.1, which is a network's own rate"),
        ((None,), (0.1,), "a rate for each of the 2 networks"),
    ],
)
def test_rates_of_no_sweep_are_told(rates, of_each, reason):
    with pytest.raises(InvalidSetting, match=reason):
        Sweep(Experiment("own"), ((8,), (4, 2)), (2,), rates, network_rates=of_each)


def test_a_grid_of_too_many_is_refused_before_it_is_laid_out():
    networks = tuple((width,) for width in range(1, 3001))
    rates = tuple(number / 1e6 for number in range(1, 3001))
    tracemalloc.start()
    try:
        with pytest.raises(InvalidSetting, match="at most 1,000,000 trials"):
            Sweep(Experiment("own"), networks, (2,), rates)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_networks_of_one_rate_share_what_is_known_of_it():
    networks = tuple((width,) for width in range(1, 20_001))
    trials = Sweep(Experiment("own"), networks, (2,), (0.1, 0.2)).trials()
    tracemalloc.start()
    try:
        assert trials.number_of("basic-20000-z2-lr0.2-seed0") == 39_999
        # The networks' names and where they stand, and no list for each.
        assert tracemalloc.get_traced_memory()[1] < 6 << 20
    finally:
        tracemalloc.stop()


def test_a_trial_is_found_by_its_name():
    assert [GRID.number_of(trial.name) for trial in GRID] == list(range(len(GRID)))


@pytest.mark.parametrize(
    "name",
    ["", "basic-8-z2", "basic-8-z2-seed00", "basic-8-z2-seed11", "basic-8-z2-seed-1",
     "basic-8-z4-seed0", "basic-8-z2-lr-seed0", "basic-8-z2-lr0.1-seed0", "deep-8-z2-seed0",
     "basic-8-z2-seed²", f"basic-8-z2-seed{'9' * 5000}"],
)  # fmt: skip
def test_a_name_of_no_trial_is_told(name):
    with pytest.raises(KeyError):
        GRID.number_of(name)


def test_the_largest_networks_come_first_and_others_in_their_order():
    data = {"mnist5k": load_dataset("mnist5k")}
    numbers = list(GRID.longest_first(data))
    assert sorted(numbers) == list(range(len(GRID)))
    # 784 x 8 + 8 x 3; 784 x 8 + 8 x 2; 784 x 4 + 4 x 2 + 2 x 3; ...; 784 x 3; 784 x 2
    pairs = [(GRID[number].experiment.hidden_dims, GRID[number].experiment.latent_dim)
             for number in numbers[::44]]  # fmt: skip
    assert pairs == [((8,), 3), ((8,), 2), ((4, 2), 3), ((4, 2), 2), ((), 3), ((), 2)]
    assert numbers[:44] == list(range(44, 88))


class LazyJobs(dict):
    """Jobs by name, made of a grid."""

    def __init__(self, trials):
        super().__init__()
        self._trials = trials

    def __iter__(self):
        return (self._trials.name(number) for number in range(len(self._trials)))

    def __getitem__(self, name):
        return Job(name, self._trials[self._trials.number_of(name)].experiment, name)


def test_the_first_of_a_million_trials_takes_no_memory_for_the_others():
    tracemalloc.start()
    try:
        trials = Sweep(Experiment("mnist5k"), seeds=83_333).trials()
        queue = JobQueue(Schedule(LazyJobs(trials), {}).jobs())
        assert queue.take().name == "basic-256-z15-seed0"
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
