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
    ("dataset", "shortcut", "initializer"),
    [
        ("mnist", "pca", "glorot_uniform"),
        ("fashion_mnist", "pca", "glorot_uniform"),
        ("photos", "pca", "lecun_uniform"),
        ("photos", None, "glorot_uniform"),
    ],
)
def test_the_initializer_follows_from_the_start_and_is_the_reports_on_its_data(
    dataset, shortcut, initializer
):
    experiment = Experiment(dataset, shortcut=shortcut).resolved(1000, 784)
    assert experiment.initializer == initializer
    asked = Experiment(dataset, shortcut=shortcut, initializer="glorot_uniform")
    assert asked.resolved(1000, 784).initializer == "glorot_uniform"
