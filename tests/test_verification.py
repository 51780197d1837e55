"""The manifest of what is finished, and training again what was recorded or printed."""

import dataclasses
import json
import math
from pathlib import Path

import pytest
from commands import command
from kerasae_cli import verify

from kerasae.errors import ArtifactError, VerificationFailed
from kerasae.experiment import Experiment
from kerasae.files import whole_files
from kerasae.runs.fitting import fit_into
from kerasae.runs.manifest import changes_in, forget_manifest, read_manifest, write_manifest
from kerasae.runs.run import Run
from kerasae.runs.run_files import EXPERIMENT, MANIFEST, METRICS
from kerasae.studies import verification
from kerasae.studies.verification import (
    Verified,
    check_files,
    drawn_cell,
    drawn_trials,
    published,
    verified,
    verified_cell,
)

SETTINGS = Experiment("mnist5k", (8,), 3, epochs=2, batch_size=50)


@pytest.fixture
def sweep(tmp_path):
    """Files of a sweep of two cells, of which one has two seeds, without a training."""
    folder = tmp_path / "sweep"
    for name, dim, seed, mse in (("a0", 3, 0, 0.5), ("a1", 3, 1, 0.25), ("b0", 2, 0, 0.75)):
        one = dataclasses.replace(SETTINGS, latent_dim=dim, seed=seed)
        place = folder / "trials" / name
        whole_files.write_json(place / EXPERIMENT, one.to_dict())
        whole_files.write_json(place / METRICS, {"test_mse": mse})
    (folder / "results.csv").write_text("trial\na0\na1\nb0\n")
    (folder / "report.html").write_text("a page, which is written anew")
    write_manifest(folder)
    return folder


def test_a_manifest_lists_results_and_tells_what_has_changed(sweep):
    assert len(read_manifest(sweep)) == 7
    (sweep / "report.html").write_text("another page")
    assert check_files(sweep) == 7
    (sweep / "results.csv").write_text("trial\na0\n")
    (sweep / "trials" / "b0" / EXPERIMENT).unlink()
    (sweep / "trials" / "a0" / METRICS).unlink()
    (sweep / "trials" / "a0" / METRICS).symlink_to(sweep / "results.csv")
    assert changes_in(sweep) == [
        "results.csv does not match its checksum",
        f"{sweep / 'trials' / 'a0' / METRICS}: cannot be read (Too many levels of symbolic links); "
        "train the run again",
        "trials/b0/experiment.json is missing",
    ]
    with pytest.raises(VerificationFailed, match=r"results\.csv does not .*b0/experiment.json is"):
        check_files(sweep)


def test_what_is_finished_is_not_read_again_and_what_was_trained_again_is(sweep):
    first = dict(read_manifest(sweep))
    for name in ("a0", "b0"):
        (sweep / "trials" / name / EXPERIMENT).write_text("damaged")
    whole_files.write_json(sweep / "trials" / "b0" / METRICS, {"test_mse": 0.7})
    earlier = forget_manifest(sweep)
    assert not (sweep / MANIFEST).exists()
    write_manifest(sweep, earlier, trained={"b0"})
    changed = {name for name, digest in read_manifest(sweep).items() if digest != first[name]}
    assert changed == {f"trials/b0/{name}" for name in (EXPERIMENT, METRICS)}
    assert changes_in(sweep) == ["trials/a0/experiment.json does not match its checksum"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([], "expected values by name, received a list"),
        ({}, "sha256 is missing"),
        ({"sha256": [1]}, "sha256: expected values by name"),
        ({"sha256": {"metrics.json": 5}}, "expected a text"),
        ({"sha256": {"metrics.json": "5"}}, "'metrics.json': expected a result in the folder"),
        ({"sha256": {"../metrics.json": "0" * 64}}, r"'\.\./metrics.json': expected a result"),
        ({"sha256": {"/etc/metrics.json": "0" * 64}}, "'/etc/metrics.json': expected a result"),
        ({"sha256": {"secrets": "0" * 64}}, "'secrets': expected a result"),
    ],
)
def test_a_manifest_of_something_else_is_refused(sweep, content, reason):
    (sweep / MANIFEST).write_text(json.dumps(content))
    with pytest.raises(ArtifactError, match=rf"{MANIFEST}: .*{reason}.*; take it away"):
        read_manifest(sweep)


def test_what_is_not_finished_has_no_manifest_and_is_told(sweep):
    (sweep / MANIFEST).unlink()
    with pytest.raises(ArtifactError, match=r"holds no manifest\.json; finish it with --resume"):
        check_files(sweep)


def test_trials_are_drawn_once_each(sweep):
    drawn = [run.name for run in drawn_trials(sweep, None)]
    assert drawn == ["a0", "a1", "b0"]
    one = {drawn_trials(sweep, 1, seed)[0].name for seed in range(20)}
    assert one == {"a0", "a1", "b0"}
    assert len(drawn_trials(sweep, 99)) == 3


def test_a_difference_passes_within_three_deviations_over_seeds_or_a_hundredth():
    # Of 0.25 and 0.75, whose mean is 0.5: (0.25² + 0.25²) / 1, the root of it, three times.
    assert verification._allowed([0.25, 0.75]) == pytest.approx(3 * math.sqrt(0.125))
    assert verification._allowed([20.0]) == pytest.approx(0.2)
    for again, passed in ((0.5, True), (0.59, True), (0.41, True), (0.61, False), (0.39, False)):
        assert Verified("a", "test_mse", 0.5, again, 0.1).passed == passed


def test_seeds_of_a_cell_are_those_that_differ_in_nothing_else(sweep):
    runs = {run.name: run for run in drawn_trials(sweep, None)}
    assert verification._of_cell(runs["a0"], "test_mse") == [0.5, 0.25]
    assert verification._of_cell(runs["b0"], "test_mse") == [0.75]


def test_what_is_printed_stands_in_one_file(monkeypatch):
    benchmarks = Path(__file__).parents[1] / "benchmarks"
    monkeypatch.syspath_prepend(str(benchmarks))
    import published as written

    assert json.loads(json.dumps(written.cells())) == published()
    for name in published():
        _, experiment = drawn_cell(name, seed=0)
        assert experiment.dataset in ("mnist", "fashion_mnist")


def test_the_table_of_what_was_trained_again_says_how_far_apart_and_fits_80_columns():
    same = Verified("extended-1024-512-z100-seed0", "test_mse", 0.5, 0.5, 0.005, same_bits=True)
    near, far = (
        Verified("b", "test_mse", 0.5, again, 0.005, same_bits=False) for again in (0.504, 0.49)
    )
    table = verify._table([same, near, far], 9)
    assert table.title == "Trained again: test_mse"
    rows = table.drawn_rows()
    assert [row[-1].text for row in rows] == ["same bits", "+0.004, passed", "-0.01, failed"]
    widest = [max(len(row[at].text) for row in rows) for at in range(5)]
    assert sum(widest) + 3 * len(widest) + 1 <= 80


@pytest.mark.parametrize(
    "words",
    [
        ["verify"], ["verify", "a", "--published"], ["verify", "a", "--cell", "deep30"],
        ["verify", "a", "--trials", "0"], ["verify", "a", "--trials", "some"],
        ["verify", "--published", "--cell", "none"], ["verify", "missing"],
    ],
)  # fmt: skip
def test_a_command_that_cannot_be_verified_by_is_refused_in_a_line(words):
    done = command(*words)
    assert done.code == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_run_trained_again_has_the_same_bits_and_another_one_is_told(digits, tmp_path):
    folder = tmp_path / "run"
    begun = fit_into(folder, SETTINGS, digits, None, verbose=0)
    assert check_files(folder) == 6
    # With more epochs, what it was to have before decides its learning rates.
    more = dataclasses.replace(begun.experiment, epochs=3)
    fit_into(folder, more, digits, Run(folder), verbose=0)
    assert check_files(folder) == 6
    again = verified(Run(folder), folder, lambda run: digits)
    assert again.same_bits
    assert again.different == []
    metrics = json.loads((folder / METRICS).read_text())
    for factor, passed in ((1.005, True), (1.02, False), (0.98, False)):
        whole_files.write_json(
            folder / METRICS, {**metrics, "test_mse": metrics["test_mse"] * factor}
        )
        again = verified(Run(folder), folder, lambda run: digits)
        assert (again.same_bits, again.passed) == (False, passed)


@pytest.mark.slow
@pytest.mark.parametrize(("factor", "passed"), [(1, True), (1.02, False), (0.98, False)])
def test_a_printed_figure_fails_when_worse_and_when_better(digits, monkeypatch, factor, passed):
    score = verification.fit_run(SETTINGS, digits, verbose=0).metrics["test_mse"]
    cells = {"a": {"settings": {}, "score": "test_mse", "values": [score * factor]}}
    monkeypatch.setattr(verification, "published", lambda: cells)
    assert verified_cell("a", SETTINGS, digits).passed == passed
