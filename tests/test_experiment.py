"""The settings of a run: what is refused, before anything is loaded."""

import json

import numpy as np
import pytest

from kerasae.errors import InvalidSetting
from kerasae.experiment import Experiment


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("clip_noise", "no"),
        ("clip_noise", 1),
        ("grayscale", []),
        ("dataset", 5),
        ("hidden_dims", 256),
        ("hidden_dims", None),
        ("hidden_dims", (99_999_999_999,)),
        ("epochs", 10**20),
        ("shortcut", "PCA"),
        ("seed", 2**32),
        ("seed", -1),
        ("seed", True),
        ("seed", 1.0),
    ],
)
def test_what_is_no_value_of_a_setting_is_refused_by_name(setting, value):
    with pytest.raises(InvalidSetting, match=f"{setting}: received "):
        Experiment(**{setting: value})


def test_numbers_of_numpy_are_taken_as_python_s():
    made = Experiment(hidden_dims=np.arange(2, 4), latent_dim=np.int64(3), l1=np.float32(0.5))
    assert made == Experiment(hidden_dims=(2, 3), latent_dim=3, l1=0.5)
    assert json.dumps(made.to_dict()) == json.dumps(Experiment(**made.to_dict()).to_dict())


def test_the_largest_seed_is_one():
    assert Experiment(seed=2**32 - 1).seed == 4294967295


@pytest.mark.parametrize(
    ("dataset", "shortcut", "initializer", "decay"),
    [
        ("mnist", "pca", "glorot_uniform", 0),
        ("fashion_mnist", "pca", "glorot_uniform", 0),
        ("photos", "pca", "lecun_uniform", 0.1),
        ("photos", None, "glorot_uniform", 0),
    ],
)
def test_initializer_and_decay_follow_from_the_start_and_are_the_reports_on_its_data(
    dataset, shortcut, initializer, decay
):
    followed = Experiment(dataset, shortcut=shortcut).resolved(1000, 784)
    assert (followed.initializer, followed.weight_decay) == (initializer, decay)
    asked = {"initializer": "glorot_uniform", "weight_decay": 0.0}
    kept = Experiment(dataset, shortcut=shortcut, **asked).resolved(1000, 784)
    assert (kept.initializer, kept.weight_decay) == ("glorot_uniform", 0)


@pytest.mark.parametrize(
    ("settings", "images", "expected"),
    [
        ({"dataset": "photos"}, 4_999, (0.2, 0.75, 200)),
        ({"dataset": "photos"}, 5_000, (0, 0, 100)),
        ({"dataset": "photos", "sigma": 0.1}, 100, (0, 0, 100)),
        ({"dataset": "photos", "shortcut": None}, 100, (0, 0, 100)),
        ({"dataset": "mnist"}, 100, (0, 0, 10)),
        ({"dataset": "photos", "dropout": 0.0, "mixup": 1}, 100, (0, 1, 300)),
        ({"dataset": "photos", "mixup": 0, "epochs": 9}, 100, (0.2, 0, 9)),
        ({"dataset": "mnist", "dropout": 0.3, "mixup": 0.1}, 60_000, (0.3, 0.1, 10)),
    ],
)
def test_few_images_beside_pca_have_dropout_and_are_mixed_for_longer(settings, images, expected):
    followed = Experiment(**settings).resolved(images, 784)
    assert (followed.dropout, followed.mixup, followed.epochs) == expected


@pytest.mark.parametrize(
    ("settings", "furthest", "few", "many"),
    [
        ({}, 3, 3, 1),
        ({}, 1, 1, 1),
        ({}, 0, 0, 0),
        ({"sigma": 0.1}, 3, 3, 1),
        ({"shortcut": None}, 3, 0, 0),
        ({"dataset": "mnist"}, 3, 0, 0),
        ({"shift": 0}, 3, 0, 0),
        ({"shift": 2}, 0, 2, 2),
    ],
)
def test_images_without_a_place_of_their_own_are_shifted(settings, furthest, few, many):
    experiment = Experiment(**{"dataset": "photos", **settings})
    shifts = [experiment.resolved(n, 784, furthest_shift=furthest).shift for n in (2_999, 3_000)]
    assert shifts == [few, many]


@pytest.mark.parametrize(
    ("settings", "images", "epochs"),
    [
        ({}, 100, 300), ({}, 10_000, 300), ({}, 60_000, 50), ({}, 10**6, 10),
        ({"sigma": 0.1}, 100, 300), ({"shift": 0}, 60_000, 17), ({"shift": 0}, 5_000, 100),
        ({"shortcut": None, "shift": 1}, 60_000, 17), ({"dataset": "mnist", "shift": 1}, 100, 10),
    ],
)  # fmt: skip
def test_three_million_shifted_images_are_seen(settings, images, epochs):
    experiment = Experiment(**{"dataset": "photos", **settings})
    assert experiment.resolved(images, 784, furthest_shift=1).epochs == epochs


@pytest.mark.parametrize(
    ("settings", "images", "rate"),
    [
        ({}, 1000, 1e-3), ({"hidden_dims": (8,)}, 4999, 3e-3), ({"hidden_dims": (8,)}, 5000, 1e-3),
        ({"hidden_dims": ()}, 1000, 3e-3), ({"shift": 0}, 5000, 3e-3),
        ({"shortcut": None, "shift": 1}, 5000, 3e-3), ({"learning_rate": 2e-3}, 5000, 2e-3),
        ({"dataset": "mnist", "shift": 1}, 5000, 3e-3),
    ],
)  # fmt: skip
def test_deep_networks_and_large_sets_learn_slower_from_shifted_images(settings, images, rate):
    experiment = Experiment(**{"dataset": "photos", "hidden_dims": (8, 4), **settings})
    assert experiment.resolved(images, 784, furthest_shift=1).learning_rate == rate


@pytest.mark.parametrize(("images", "epochs"), [(100, 300), (36_000, 28), (10**6, 10)])
def test_a_million_images_are_seen_in_ten_to_so_many_passes(images, epochs):
    assert Experiment("photos").resolved(images, 256).epochs == epochs
    assert Experiment("mnist").resolved(images, 256).epochs == 10


@pytest.mark.parametrize(
    ("variance", "rate"), [(0, 3e-3), (99, 3e-3), (249, 1.9e-3), (400, 1.5e-3), (10_000, 3e-4)]
)
def test_images_that_vary_much_have_a_lower_rate(variance, rate):
    assert Experiment("photos").resolved(1000, 784, variance=variance).learning_rate == rate
    asked = Experiment("photos", learning_rate=0.01)
    assert asked.resolved(1000, 784, variance=variance).learning_rate == 0.01
