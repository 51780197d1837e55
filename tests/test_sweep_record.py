"""The record of a sweep, read back, and records of strangers."""

import dataclasses

import pytest

from kerasae.errors import ArtifactError
from kerasae.experiment import Experiment
from kerasae.files import whole_files
from kerasae.runs import run_files
from kerasae.trials.grid import Sweep
from kerasae.trials.sweeps import BegunSweep, read_sweep

GRID = Sweep(Experiment(), ((8,), (16, 8)), (2, 3), (0.1,), seeds=2)


@pytest.mark.parametrize(
    ("more", "halving"),
    [({}, False), ({"early_stop": None}, False), ({"early_stop": "halving"}, True)],
)
def test_a_sweep_comes_back(tmp_path, more, halving):
    whole_files.write_json(tmp_path / run_files.SWEEP, {**GRID.to_dict(), **more})
    assert read_sweep(tmp_path) == BegunSweep(GRID, halving)


def test_the_rates_of_networks_come_back_and_are_not_in_older_records(tmp_path):
    grid = dataclasses.replace(GRID, learning_rates=(None,), network_rates=(0.003, 0.001))
    whole_files.write_json(tmp_path / run_files.SWEEP, grid.to_dict())
    assert read_sweep(tmp_path).sweep == grid
    older = {name: value for name, value in GRID.to_dict().items() if name != "network_rates"}
    whole_files.write_json(tmp_path / run_files.SWEEP, older)
    assert read_sweep(tmp_path).sweep == GRID


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"seeds": 2_000_000}, "seeds: received 2000000; expected at most 1,000,000 trials"),
        ({"seeds": "2" * 9}, "seeds: received '222222222'"),
        ({"seeds": True}, "seeds: received True"),
        ({"latent_dims": list(range(1, 300_000))}, "at most 1,000,000 trials"),
        ({"networks": [[1] * 200_000]}, "networks: .* expected a list, each a list of at most 100"),
        ({"networks": 5}, "networks: received 5"),
        ({"early_stop": 5}, "early_stop: .*; choose the folder of a sweep"),
        ({"base": None}, "expected values by name, received null"),
        ({"base": {"dataset": "mnist", "epochs": "3"}}, "epochs: received '3'"),
        ({"learning_rates": []}, "learning_rates"),
        ({"network_rates": [0.1]}, "network_rates: .* a rate for each of the 2 networks"),
        ({"network_rates": 0.1}, "network_rates: received 0.1; expected a list"),
    ],
)
def test_a_record_of_something_else_is_refused_before_it_is_laid_out(tmp_path, changes, reason):
    whole_files.write_json(tmp_path / run_files.SWEEP, {**GRID.to_dict(), **changes})
    with pytest.raises(ArtifactError, match=rf"sweep\.json: .*{reason}"):
        read_sweep(tmp_path)
