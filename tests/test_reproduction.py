"""All studies of the report in one pool, small, and then once more."""

import csv
import dataclasses
import json

import numpy as np
import pytest

from kerasae.errors import ArtifactError
from kerasae.experiment import Experiment
from kerasae.studies.denoisers import BASELINES
from kerasae.studies.denoising import DenoisingStudy
from kerasae.studies.learning_rate import LearningRateStudy
from kerasae.studies.overfitting import OverfitStudy
from kerasae.studies.regularization import RegularizationStudy
from kerasae.studies.reproduction import Part, report_studies, reproduce
from kerasae.studies.reproduction_page import reproduction_page
from kerasae.studies.sweep_study import SweepStudy
from kerasae.trials.jobs import Started

pytestmark = pytest.mark.slow

BASE = Experiment("mnist5k", (8,), 4, epochs=2, batch_size=50)
STUDIES = [
    SweepStudy(BASE, ((8,), (12, 8)), (3, 15)),
    LearningRateStudy(BASE, (1e-4, 1e-2)),
    OverfitStudy(dataclasses.replace(BASE, epochs=3)),
    RegularizationStudy(BASE, (1e-6,), (0.1,)),
    DenoisingStudy(dataclasses.replace(BASE, sigma=0.6)),
    DenoisingStudy(dataclasses.replace(BASE, sigma=0.6, clip_noise=True)),
]
PARTS = [Part("mnist5k", study) for study in STUDIES]


@pytest.fixture(scope="module")
def done(tmp_path_factory, digits):
    folder = tmp_path_factory.mktemp("reproduction") / "out"
    return folder, reproduce(PARTS, {"mnist5k": digits}, folder, jobs=2, command="kerasae …")


def metrics(folder, part, trial):
    return json.loads((folder / "trials" / f"mnist5k-{part}-{trial}" / "metrics.json").read_text())


def test_every_study_answers_from_its_own_trials(done):
    folder, result = done
    assert result.errors == {}
    answers = {name.removeprefix("mnist5k-"): f.summary for name, f in result.findings.items()}
    rows = {(row["hidden_dims"], row["latent_dim"]): row for row in answers["sweep"]["rows"]}
    assert set(rows) == {("8", 3), ("8", 15), ("12-8", 3), ("12-8", 15)}
    wide = metrics(folder, "sweep", "extended-12-8-z15-lr0.003-seed0")
    assert rows["12-8", 15]["test_mse"] == wide["test_mse"]

    rates = {rate: metrics(folder, "learning-rate", f"lr{rate:g}") for rate in (1e-4, 1e-2)}
    assert answers["learning-rate"]["best"] == min(rates, key=lambda rate: rates[rate]["val_mse"])
    assert answers["learning-rate"]["at_edge"]

    place = folder / "trials" / "mnist5k-overfit-long"
    with (place / "history.csv").open() as file:
        epochs = list(csv.DictReader(file))
    curve = [float(row["val_mse"]) for row in epochs]
    assert answers["overfit"]["best_epoch"] == np.argmin(curve) + 1
    assert answers["overfit"]["gap"] == curve[-1] - float(epochs[-1]["train_mse"])

    best = answers["regularize"]["best"]
    assert best["lasso"]["val_mse"] == metrics(folder, "regularize", "lasso-1e-06")["val_mse"]
    assert best["dropout"]["test_mse"] == metrics(folder, "regularize", "dropout-0.1")["test_mse"]
    assert best["none"]["l1"] == best["none"]["dropout"] == 0


def test_denoising_has_the_noisy_inputs_own_psnr_and_every_baseline(done):
    _, result = done
    raw = result.findings["mnist5k-denoise"].summary
    clipped = result.findings["mnist5k-denoise-clipped"].summary
    # Noise of variance 0.36 on every pixel: 10 log10(1 / 0.36) dB.
    assert raw["noisy_psnr"] == pytest.approx(4.437, abs=0.1)
    assert clipped["noisy_psnr"] > 8
    for name in (*BASELINES, "denoised"):
        assert 5 < raw[f"{name}_psnr"] < 30


def test_each_part_leaves_its_study_and_figures(done):
    folder, _ = done
    for part in PARTS:
        study = json.loads((folder / part.name / "study.json").read_text())
        assert (study["study"], study["command"]) == (part.study.label, "kerasae …")
        assert list((folder / part.name).glob("*.svg"))
    whole = json.loads((folder / "reproduction.json").read_text())
    assert set(whole["results"]) == {part.name for part in PARTS}
    assert whole["command"] == "kerasae …"


def test_the_page_has_the_reports_numbers_beside_ours(done):
    folder, result = done
    page = reproduction_page(result, folder, "kerasae reproduce --quick")
    for number in ("0.08230", "0.0157", "0.9259", "10e-3"):
        assert number in page
    rows = result.findings["mnist5k-sweep"].summary["rows"]
    assert all(f"{row['test_mse']:.5f}" in page for row in rows)


@pytest.mark.full
def test_what_is_finished_is_not_run_again(done, digits):
    folder, first = done
    missing = folder / "trials" / "mnist5k-overfit-long"
    (missing / "metrics.json").unlink()
    # As it was left before networks had rates of their own.
    plan = json.loads((folder / "plan.json").read_text())
    del plan["parts"]["mnist5k-sweep"]["network_rates"]
    (folder / "plan.json").write_text(json.dumps(plan))
    events = []
    again = reproduce(
        PARTS, {"mnist5k": digits}, folder, on_event=events.append, command="kerasae again"
    )
    assert json.loads((folder / "reproduction.json").read_text())["command"] == "kerasae …"
    started = [event.name for event in events if isinstance(event, Started)]
    assert started == ["mnist5k-overfit-long"]
    for name, findings in again.findings.items():
        assert json.dumps(findings.summary) == json.dumps(first.findings[name].summary)


def test_another_plan_does_not_touch_the_folder(done, digits):
    folder, _ = done
    before = (folder / "reproduction.json").read_bytes()
    with pytest.raises(ArtifactError, match="begun with something else"):
        reproduce(PARTS[:1], {"mnist5k": digits}, folder)
    other = dataclasses.replace(STUDIES[2], base=dataclasses.replace(BASE, epochs=4))
    parts = [Part("mnist5k", other) if part is PARTS[2] else part for part in PARTS]
    with pytest.raises(ArtifactError, match=r"mnist5k-overfit: .*epochs: 3 there, 4 here"):
        reproduce(parts, {"mnist5k": digits}, folder)
    with pytest.raises(ArtifactError, match="not empty"):
        reproduce(PARTS, {"mnist5k": digits}, folder.parent)
    with pytest.raises(ArtifactError, match="no plan"):
        reproduce(PARTS, {"mnist5k": digits}, folder.parent, resume=True)
    assert (folder / "reproduction.json").read_bytes() == before


def test_the_full_reproduction_has_the_reports_epochs():
    parts = {part.name: part.study for part in report_studies(["mnist", "fashion_mnist"])}
    assert len(parts) == 12
    epochs = {
        name: {t.experiment.resolved(54_000, 784).epochs for t in study.trials()}
        for name, study in parts.items()
    }
    assert epochs["mnist-sweep"] == {10}
    assert epochs["fashion_mnist-sweep"] == {5}
    assert epochs["mnist-overfit"] == {50}
    assert epochs["fashion_mnist-overfit"] == {30}
    assert epochs["mnist-denoise"] == {60}
