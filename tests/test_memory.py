"""Memory that is reckoned before it is taken."""

import numpy as np
import pytest

from kerasae.data.image_data import ImageData
from kerasae.errors import InvalidSetting, MemoryExceeded
from kerasae.experiment import Experiment
from kerasae.memory import (
    MEMORY_LIMIT,
    anonymous_bytes,
    cgroup_free,
    check_memory,
    free_memory,
    training_bytes,
    weights_of,
)
from kerasae.models import network
from kerasae.runs.fitting import fit_run


def test_the_limit_is_what_is_free_beside_what_the_process_has(monkeypatch):
    monkeypatch.setenv(MEMORY_LIMIT, "1T")
    assert abs((1 << 40) - anonymous_bytes() - free_memory()) < 1 << 26
    monkeypatch.setenv(MEMORY_LIMIT, "1k")
    assert free_memory() == 0


@pytest.mark.parametrize("text", ["much", "-1", "1 X", "1e3", "9" * 50])
def test_a_limit_that_is_no_size_is_refused(monkeypatch, text):
    monkeypatch.setenv(MEMORY_LIMIT, text)
    with pytest.raises(InvalidSetting, match=MEMORY_LIMIT):
        free_memory()


def group(place, most, used, stat):
    place.mkdir(parents=True, exist_ok=True)
    for name, text in (most, used, ("memory.stat", stat)):
        (place / name).write_text(f"{text}\n")


def test_control_groups_of_version_2_are_those_of_the_process_and_above(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/user/one\n")
    groups = tmp_path / "sys/fs/cgroup"
    stat = "anon 700\nactive_file 20\ninactive_file 30"
    group(groups / "user/one", ("memory.max", "max"), ("memory.current", 900), stat)
    group(groups / "user", ("memory.max", 1000), ("memory.current", 900), stat)
    assert cgroup_free(tmp_path) == [150]


def test_a_control_group_of_version_1_is_found_inside_a_container(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("3:cpu:/a\n4:memory:/docker/abc\n")
    stat = "inactive_file 1\ntotal_active_file 20\ntotal_inactive_file 30"
    place = tmp_path / "sys/fs/cgroup/memory"
    group(place, ("memory.limit_in_bytes", 1000), ("memory.usage_in_bytes", 900), stat)
    assert cgroup_free(tmp_path) == [150]


def test_a_system_without_control_groups_has_none(tmp_path):
    assert cgroup_free(tmp_path) == []


def test_what_is_not_there_is_refused_with_figure_limit_and_advice(monkeypatch):
    monkeypatch.setenv(MEMORY_LIMIT, "900G")
    with pytest.raises(
        MemoryExceeded, match=r"^it takes about 2,000 GiB .* (899|900) GiB are free; do"
    ):
        check_memory("it", 2000 << 30, "do without")
    check_memory("it", 1 << 30, "do without")


@pytest.mark.parametrize("settings", [{"shortcut": "linear"}, {"shortcut": None}])
def test_a_training_takes_at_least_its_weights_gradients_and_moments(settings):
    experiment = Experiment("blank", latent_dim=4, **settings).resolved(100, 64)
    model = network(experiment, (8, 8))
    assert 0 <= weights_of(experiment, 64) - model.count_params() <= 2 * 64
    assert training_bytes(experiment, 64) > 4 * 4 * model.count_params()


@pytest.mark.parametrize("settings", [{"hidden_dims": (10**6, 10**6)}, {"latent_dim": 10**6}])
def test_a_network_that_is_too_large_is_refused(settings):
    data = ImageData.from_arrays(np.zeros((20, 100, 100), np.uint8))
    with pytest.raises(MemoryExceeded, match=r"weights .* choose a smaller --hidden-dims"):
        fit_run(Experiment("array", **settings), data)
