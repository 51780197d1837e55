"""`kerasae bench` on a tiny size: that it runs and reports every way, never how fast."""

import json
import subprocess
import sys

import pytest
from kerasae_cli.bench import bench

from kerasae.bench.benchmark import _speed, _weights, measure_network
from kerasae.bench.ways import PRODUCT, skipped, ways, whole_batches
from kerasae.errors import InvalidSetting


@pytest.mark.full
def test_every_way_is_measured_and_reported():
    words = ["bench", "--images", "500", "--rounds", "1", "--networks", "784-256-100", "--json",
             "--batch-size", "64", "--dataset", "mnist5k"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "kerasae_cli.main", *words], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["batch_size"] == 64
    speeds = found["speeds"]
    assert [speed["way"] for speed in speeds] == [way.name for way in ways()]
    assert all(speed["gflops"] > 0 for speed in speeds)
    assert speeds[0]["of_limit"] == 1
    assert speeds[1]["of_plain_fit"] == pytest.approx(1)
    assert all(
        speed["slowest"] <= speed["images_per_second"] <= speed["fastest"] for speed in speeds
    )
    fit, *_, ours = found["qualities"]
    assert (fit["way"], ours["way"]) == ("fit", "kerasae")
    assert fit["test_mse"] == fit["target"] >= ours["test_mse"]
    assert found["skipped"].keys() >= skipped().keys()


def test_operations_are_counted_by_the_weights_of_both_halves():
    assert _weights("784-256-100") == (2 * (784 * 256 + 256 * 100), 784 * 256)


def test_ratios_are_taken_within_each_round():
    # The machine slows down threefold between two rounds; the ratios do not.
    weights, _ = _weights("784-256-100")
    rates = {PRODUCT: [6.0 * weights * 300, 6.0 * weights * 100], "fit": [30, 10], "x": [90, 30]}
    rates[f"{PRODUCT}, bfloat16"] = [6.0 * weights * 900, 6.0 * weights * 300]
    speed = _speed("784-256-100", "x", rates)
    assert speed.of_limit == pytest.approx(0.3)
    assert speed.of_bfloat16_limit == pytest.approx(0.1)
    assert speed.of_plain_fit == pytest.approx(3)
    assert (speed.slowest, speed.images_per_second, speed.fastest) == (30, 60, 90)


def test_a_batch_larger_than_an_epoch_is_refused_before_any_process_starts():
    started = []
    with pytest.raises(InvalidSetting, match="at most the 500 training images"):
        measure_network("784-256-100", images=500, batch_size=600, on_way=started.append)
    assert started == []


def test_an_unknown_data_set_is_refused_before_any_process_starts(monkeypatch):
    started = []
    monkeypatch.setattr(
        "kerasae.bench.benchmark.measure_network", lambda name, **_: started.append(name)
    )
    with pytest.raises(InvalidSetting, match="did you mean mnist5k"):
        bench(dataset="mnist6k")
    assert started == []


def test_images_that_fill_no_batch_are_not_counted():
    batches = whole_batches(500, 128)
    assert len(batches) * 128 == 384
    assert [row for batch in batches for row in range(500)[batch]] == list(range(384))


def test_pytorch_is_measured_where_it_is_installed_and_else_a_reason_is_given():
    names = [way.name for way in ways(lambda name: object())]
    assert {"torch eager", "torch.compile, 1 thread, bfloat16"} <= set(names)
    assert not any(way.name.startswith("torch") for way in ways(lambda name: None))
    assert skipped(lambda name: None) == {
        "torch eager": "PyTorch is not installed", "torch.compile": "PyTorch is not installed",
    }  # fmt: skip
    assert skipped(lambda name: object()) == {}
