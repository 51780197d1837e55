"""What a study leaves of its plan, and how it goes on."""

import dataclasses
import json

import numpy as np
import pytest

from kerasae.data.image_data import ImageData
from kerasae.errors import ArtifactError, InvalidSetting
from kerasae.experiment import Experiment
from kerasae.studies.denoising import DenoisingStudy
from kerasae.studies.learning_rate import LearningRateStudy
from kerasae.studies.overfitting import OverfitStudy
from kerasae.studies.regularization import RegularizationStudy
from kerasae.studies.run_study import read_study, run_study
from kerasae.studies.study import settings_of
from kerasae.trials.jobs import Started

BASE = Experiment("tiny", (3,), 2, epochs=1, batch_size=4)
STUDIES = [
    LearningRateStudy(BASE, (0.1, 1e-3)),
    OverfitStudy(dataclasses.replace(BASE, image_size=(8, 8))),
    RegularizationStudy(BASE, (1e-6,), (0.1, 0.2)),
    DenoisingStudy(dataclasses.replace(BASE, clip_noise=True), (0.3, 0.6)),
]
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 4, 4)).astype(np.uint8)
TINY = ImageData("tiny", IMAGES, IMAGES[:, 0, 0], IMAGES[:10], IMAGES[:10, 0, 0])


def plan_in(folder, **plan):
    (folder / "plan.json").write_text(json.dumps(plan))


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.label)
def test_a_study_is_read_back_from_its_plan(tmp_path, study):
    plan_in(tmp_path, study=study.label, settings=settings_of(study))
    assert read_study(tmp_path, type(study)) == study


def test_an_older_plan_means_what_it_meant_then(tmp_path):
    plan_in(tmp_path, study="overfit", settings={"base": {"dataset": "tiny"}})
    before = Experiment("tiny", precision="float32", mixup=0, shift=0)
    assert read_study(tmp_path, OverfitStudy) == OverfitStudy(before)
    plan_in(tmp_path, study="overfit")
    with pytest.raises(
        ArtifactError, match=f"run the command again as it was, with --out {tmp_path}"
    ):
        read_study(tmp_path, OverfitStudy)


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ({"study": "regularize"}, "is no plan of learning-rate"),
        ({"parts": {}}, "is no plan of learning-rate"),
        ({"study": "learning-rate", "settings": {"base": {"epochs": "9"}}}, "epochs"),
        ({"study": "learning-rate", "settings": {"base": {}, "rates": [0.1, "x"]}}, "rates"),
        ({"study": "learning-rate", "settings": {"base": {}, "rates": [0.1, -1]}}, "rates"),
        ({"study": "learning-rate", "settings": {"base": {}}}, "base: dataset is missing"),
        ({"study": "learning-rate", "settings": [1]}, "settings: expected values by name"),
        ({"study": 5}, "study: expected a text, received a whole number; choose the folder"),
    ],
)
def test_a_plan_of_something_else_is_refused(tmp_path, plan, reason):
    plan_in(tmp_path, **plan)
    with pytest.raises(ArtifactError, match=reason):
        read_study(tmp_path, LearningRateStudy)


@pytest.mark.parametrize(
    "lists",
    [
        {"rates": (0.1,)}, {"rates": (0.1, 0.1)}, {"rates": (0.1, 0)}, {"rates": (0.1, np.inf)},
    ],
)  # fmt: skip
def test_lists_that_make_no_study_are_refused(lists):
    with pytest.raises(InvalidSetting, match="rates"):
        LearningRateStudy(BASE, **lists)


@pytest.mark.full
def test_a_study_takes_more_trials_but_no_other_settings(tmp_path):
    folder = tmp_path / "study"
    two = LearningRateStudy(BASE, (0.1, 0.01))
    with pytest.raises(ArtifactError, match="no plan"):
        run_study(two, TINY, folder, resume=True)
    assert not folder.exists()
    run_study(two, TINY, folder)
    plan = (folder / "plan.json").read_bytes()
    other = LearningRateStudy(dataclasses.replace(BASE, epochs=2), (0.1, 0.01))
    for study, reason in (
        (LearningRateStudy(BASE, (0.1, 1.0)), "rates: "),
        (other, "epochs: 1 there, 2 here"),
        (STUDIES[1], "studies: "),
    ):
        with pytest.raises(ArtifactError, match=reason):
            run_study(study, TINY, folder)
    assert (folder / "plan.json").read_bytes() == plan
    # As an older version left it.
    plan_in(folder, study="learning-rate")
    three = LearningRateStudy(BASE, (0.001, 0.01, 0.1))
    events = []
    findings, errors = run_study(three, TINY, folder, resume=True, on_event=events.append)
    assert [event.name for event in events if isinstance(event, Started)] == ["lr0.001"]
    assert (errors, len(findings.summary["rates"])) == ({}, 3)
    assert read_study(folder, LearningRateStudy) == three.resolved(TINY)


def test_what_follows_from_the_data_is_part_of_the_plan():
    study = OverfitStudy(Experiment("tiny", validation_split=0.5))
    assert settings_of(study.resolved(TINY))["base"]["batch_size"] == 16
