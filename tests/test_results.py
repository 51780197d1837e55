"""The committed results: that the README shows them, and that they hold what is claimed."""

import csv
import importlib.util
import statistics
from pathlib import Path

import pytest

from kerasae.reference import REPORT_MSE

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tables():
    path = ROOT / "benchmarks" / "result_tables.py"
    spec = importlib.util.spec_from_file_location("result_tables", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_and_the_docs_show_the_committed_tables(tables):
    assert "\n".join(tables.overview_table()) in README
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    for dataset in ("mnist", "fashion_mnist"):
        assert "\n".join(tables.sweep_table(dataset)) in page
    assert "\n".join(tables.long_run_table()) in page
    assert "\n".join(tables.denoising_table()) in page
    assert "\n".join(tables.regularizer_table()) in page


def test_the_readme_is_read_in_a_minute():
    assert len(README.splitlines()) <= 120


@pytest.mark.parametrize(
    ("dataset", "protocol", "floor"),
    [
        ("mnist", "one-class", 0.983),
        ("fashion_mnist", "one-class", 0.937),
        ("mnist", "one-novel", 0.88),
    ],
)
def test_novel_images_are_told_as_well_as_claimed(tables, dataset, protocol, floor):
    page = (ROOT / "docs" / "anomaly.md").read_text(encoding="utf-8")
    assert "\n".join(tables.anomaly_table(dataset, protocol)) in page
    found = tables.anomaly_results(dataset, protocol)
    assert found["mean"]["auroc"][found["score"]] >= floor


def test_the_docs_show_the_committed_speeds(tables):
    page = (ROOT / "docs" / "developers" / "performance.md").read_text(encoding="utf-8")
    for bench in ("128", "256", "avx512-bf16"):
        assert "\n".join(tables.speed_table(bench)) in page
    assert "\n".join(tables.quality_table("avx512-bf16")) in page
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    for bench in ("128", "avx512-bf16"):
        assert "\n".join(tables.speed_summary(bench)) in page


@pytest.mark.parametrize(("bench", "precision"), [("128", ""), ("avx512-bf16", ", bfloat16")])
def test_no_way_of_training_was_measured_faster_than_one_process_per_core(tables, bench, precision):
    speeds = tables.speeds(bench)
    for network in {speed["network"] for speed in speeds}:
        rates = {s["way"]: s["images_per_second"] for s in speeds if s["network"] == network}
        assert {"fit", "torch eager", "torch.compile"} < set(rates)
        timed = {way: rate for way, rate in rates.items() if rate}
        assert max(timed, key=timed.__getitem__) == f"kerasae, 1 process per core{precision}"


def test_the_deep_network_is_below_every_published_figure(tables):
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert "\n".join(tables.deep_table()) in page
    published = min(error for _, _, error in tables.PUBLISHED_DEEP)
    for preset, goal in (("deep30-plain", 2.5), ("deep30", 1.7)):
        errors = tables.deep_runs(preset)
        assert len(errors) == 3
        assert max(errors) < published
        assert statistics.fmean(errors) <= goal


@pytest.mark.parametrize("dataset", ["mnist", "fashion_mnist"])
def test_every_cell_beats_pca_and_the_report_and_deeper_is_no_worse(tables, dataset):
    rows = tables.sweep_rows(dataset)
    assert len(rows) == 24
    for dim in (15, 30, 50, 100):
        means = {}
        for name in ("basic", "extended"):
            mse = tables.cell(rows, name, dim, "test_mse")
            pca = tables.cell(rows, name, dim, "pca_test_mse")[0]
            assert len(mse) == 3
            assert max(mse) < pca
            assert max(mse) * 5 <= REPORT_MSE[dataset][name][dim]
            means[name] = statistics.fmean(mse)
        assert means["extended"] <= means["basic"]


def test_the_long_runs_and_denoisers_reach_what_the_docs_say(tables):
    results = tables.studies()["results"]
    assert results["mnist-overfit"]["test_mse"] <= 0.0012
    assert results["fashion_mnist-overfit"]["test_mse"] <= 0.0060
    assert results["mnist-denoise"]["denoised_psnr"] >= 19.5
    assert results["fashion_mnist-denoise"]["denoised_psnr"] >= 19.3
    for dataset in ("mnist", "fashion_mnist"):
        clipped = results[f"{dataset}-denoise-clipped"]
        assert clipped["denoised_psnr"] >= clipped["linear_psnr"] + 2


def test_lasso_generalizes_better_than_none_and_no_dropout_does(tables):
    for dataset in ("mnist", "fashion_mnist"):
        found = tables.studies()["results"][f"{dataset}-regularize"]
        none = found["best"]["none"]["val_mse"]
        assert found["best"]["lasso"]["val_mse"] < none
        rates = [row for row in found["searched"] if row["dropout"]]
        by_rate = sorted(rates, key=lambda row: row["dropout"])
        errors = [none, *(row["val_mse"] for row in by_rate)]
        assert len(errors) == 4
        assert errors == sorted(errors)


def test_the_whole_reproduction_took_less_than_an_hour(tables):
    content = tables.studies()
    assert content["errors"] == {}
    assert content["seconds"] < 3600


def test_the_committed_results_are_small():
    files = [path for path in (ROOT / "docs" / "results").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 2_000_000
    assert not [path for path in files if path.suffix == ".keras"]
    for path in files:
        if path.suffix == ".csv":
            with path.open(newline="", encoding="utf-8") as file:
                assert {row["status"] for row in csv.DictReader(file)} == {"done"}
