"""The settings of a run: what is refused, before anything is loaded."""

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


def test_the_largest_seed_is_one():
    assert Experiment(seed=2**32 - 1).seed == 4294967295
