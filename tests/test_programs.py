"""Programs that trainings of the same shape share."""

import dataclasses
import gc

import numpy as np
import pytest

from kerasae.experiment import Experiment
from kerasae.models import network
from kerasae.runs.fitting import fit_run
from kerasae.training.programs import ProgramCache
from kerasae.training.train import _optimizer

# Whatever is drawn from the seed, and an optimizer whose state does not begin at zero.
EVERYTHING = Experiment(
    "mnist5k", (16,), 4, shortcut=None, epochs=2, batch_size=50, optimizer="nadam", dropout=0.2,
    sigma=0.3, shift=1, learning_rate=1e-3, patience=1,
)  # fmt: skip
PLAIN = Experiment(
    "mnist5k", (8,), 2, shortcut=None, epochs=2, batch_size=50, optimizer="sgd",
    learning_rate=0.003,
)  # fmt: skip


@pytest.mark.slow
def test_a_training_that_takes_programs_over_gives_the_bits_of_a_fresh_one(digits):
    cache = ProgramCache()
    first = fit_run(EVERYTHING, digits, cache=cache)
    first_weights = first.model.get_weights()
    other = dataclasses.replace(EVERYTHING, seed=1)
    second = fit_run(other, digits, cache=cache)
    assert second.model is first.model
    fresh = fit_run(other, digits)
    for name in ("loss", "mse", "val_mse"):
        assert [row[name] for row in second.history] == [row[name] for row in fresh.history]
    pairs = zip(second.model.get_weights(), fresh.model.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)
    assert not np.array_equal(first_weights[0], second.model.get_weights()[0])


def test_programs_are_shared_where_the_seed_alone_differs(digits):
    cache = ProgramCache()

    def trainer(experiment, images):
        model = network(experiment, (28, 28))
        return cache.trainer(experiment, images, model, _optimizer(experiment, 9))

    first = trainer(PLAIN, digits.train)
    second = trainer(dataclasses.replace(PLAIN, seed=7), digits.train)
    assert second is first
    assert int(second.seed) == 7
    experiment = PLAIN
    for changed in ({"epochs": 3}, {"learning_rate": 0.01}, {"l1": 0.1}):
        experiment = dataclasses.replace(experiment, **changed)
        before, second = second, trainer(experiment, digits.train)
        assert second is not before
    assert trainer(experiment, digits.train.copy()) is not second


@pytest.mark.full
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_model_that_is_let_go_leaves_no_graph_behind(digits, optimizer):
    def graphs_after_training(latent_dim):
        settings = {"latent_dim": latent_dim, "optimizer": optimizer, "epochs": 1}
        fit_run(dataclasses.replace(PLAIN, **settings), digits)
        gc.collect()
        # Some of the objects that come up are proxies without a class of their own.
        return sum(type(thing).__name__.endswith("FuncGraph") for thing in gc.get_objects())

    first = graphs_after_training(2)
    assert graphs_after_training(3) == first
