"""`kerasae learning-rate`, `overfit`, `regularize` and `denoise`: a command for each study."""

import dataclasses
from collections.abc import Callable
from typing import Any

from kerasae.experiment import Experiment
from kerasae.files.shapes import fields_of
from kerasae.presets import changed
from kerasae.studies.anomaly import AnomalyStudy
from kerasae.studies.denoising import DenoisingStudy
from kerasae.studies.learning_rate import LearningRateStudy
from kerasae.studies.overfitting import OverfitStudy
from kerasae.studies.regularization import RegularizationStudy

from . import options as o
from .output import command_line, print_result
from .resuming import resumable
from .settings import Given, with_settings


def study_command(kind: Any, summary: str) -> Callable[..., None]:
    """Makes the command of a study, with an option for each setting and each list of it.

    Args:
        kind: The study's class.
        summary: Its help.
    """
    lists = {one: field for one, field in fields_of(kind).items() if one != "base"}

    def command(
        given: Given,
        saving: o.Saving,
        loading: o.Loading,
        jobs: o.Jobs = None,
        as_json: o.AsJson = False,
        quiet: o.Quiet = False,
    ) -> None:
        from kerasae.files.whole_files import write_text
        from kerasae.runs.run_files import STUDY_PAGE
        from kerasae.studies.run_study import first_command, read_study, run_study
        from kerasae.studies.study_page import study_page

        from .progress import SCORING, TrialsProgress

        asked = {one: given.pop(one) for one in lists if one in given}
        if saving.resume is not None:
            study = dataclasses.replace(read_study(saving.resume, kind), **asked)
            base = dataclasses.replace(study.base, **given)
        else:
            study = kind.of(given.get("dataset", Experiment.dataset), **asked)
            base = changed(study.base, given)
        study = dataclasses.replace(study, base=base)
        with TrialsProgress(len(study.trials()), silent=quiet, then=SCORING) as progress:
            if saving.resume is None:
                data = loading.data(study.base, progress.doing)
            else:
                data = loading.data_again(saving.resume, study.base, progress.doing)
            progress.expect(len(study.resolved(data).trials()))
            folder = saving.folder(study.label, data.title)
            progress.doing("fitting PCA, starting workers")
            with resumable(kind.name, folder, loading, jobs=jobs):
                findings, errors = run_study(
                    study,
                    data,
                    folder,
                    jobs=jobs,
                    on_event=progress.show,
                    resume=saving.resume is not None,
                    command=command_line(),
                )
            page = folder / STUDY_PAGE
            begun_by = first_command(folder) or command_line()
            write_text(page, study_page(study, data.title, findings, folder, begun_by))
        result = {
            "folder": str(folder), "page": str(page), "errors": errors, **findings.summary,
        }  # fmt: skip
        then = () if quiet else [("runs", folder, "", "list the trials and their scores")]
        print_result(as_json, result, findings.tables, folder, errors, page, then=then)

    command.__name__, command.__doc__ = kind.name.replace("-", "_"), summary
    return with_settings(kind.start, without=kind.varies, own=lists)(command)


STUDY_COMMANDS = {
    kind.name: study_command(kind, summary)
    for kind, summary in (
        (LearningRateStudy, "Compare learning rates and find the best."),
        (OverfitStudy, "Train for many epochs and watch for overfitting."),
        (RegularizationStudy, "Compare Lasso (L1), Dropout and no regularizer."),
        (DenoisingStudy, "Train a denoiser and compare it with classical methods."),
        (AnomalyStudy, "Measure anomaly detection, one class at a time."),
    )
}
