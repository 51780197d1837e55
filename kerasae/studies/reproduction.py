"""Every study of the report at once: one pool of trials, one page of results."""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kerasae.data.image_data import ImageData
from kerasae.environment import environment
from kerasae.errors import KerasAEError
from kerasae.files.whole_files import write_json
from kerasae.presets import denoiser, long_run, plain, selected_model
from kerasae.runs.run import Run
from kerasae.runs.run_files import REPRODUCTION
from kerasae.studies.denoising import DenoisingStudy
from kerasae.studies.learning_rate import LearningRateStudy
from kerasae.studies.overfitting import OverfitStudy
from kerasae.studies.regularization import RegularizationStudy
from kerasae.studies.run_study import finished_trials, resolved_study, save_findings
from kerasae.studies.study import Findings, Study, settings_of
from kerasae.studies.sweep_study import SweepStudy
from kerasae.trials.jobs import Event
from kerasae.trials.running import Bases
from kerasae.trials.trial import Trial

FULL = ("mnist", "fashion_mnist")
QUICK = ("mnist5k",)


@dataclasses.dataclass(frozen=True)
class Part:
    """A study on a data set.

    Args:
        dataset: The data set's name.
        study: The study.
    """

    dataset: str
    study: Study

    @property
    def name(self) -> str:
        """The name of its folder, and the beginning of its trials' names."""
        return f"{self.dataset}-{self.study.label}"

    def trial_name(self, trial: Trial) -> str:
        """Names a trial among those of all parts."""
        return f"{self.name}-{trial.name}"


@dataclasses.dataclass(frozen=True)
class Reproduction:
    """What a reproduction found.

    Args:
        parts: The studies, with the settings that follow from their data.
        findings: The findings by the part's name; parts that failed are missing.
        errors: What went wrong, by trial or part.
        seconds: Wall time of this run, in seconds; what was done before does not count.
    """

    parts: Sequence[Part]
    findings: dict[str, Findings]
    errors: dict[str, str]
    seconds: float


def report_studies(datasets: Sequence[str]) -> list[Part]:
    """Returns all studies of the report on each data set, as their commands run them.

    Example:

    >>> [part.name for part in report_studies(["mnist"])][:3]
    ['mnist-sweep', 'mnist-learning-rate', 'mnist-overfit']
    """
    parts = []
    for dataset in datasets:
        clipped = dataclasses.replace(denoiser(dataset), clip_noise=True)
        studies: list[Study] = [
            SweepStudy(plain(dataset)),
            LearningRateStudy(plain(dataset)),
            OverfitStudy(long_run(dataset)),
            RegularizationStudy(selected_model(dataset)),
            DenoisingStudy(denoiser(dataset)),
            DenoisingStudy(clipped),
        ]
        parts += [Part(dataset, study) for study in studies]
    return parts


def reproduce(
    parts: Sequence[Part],
    data: Mapping[str, ImageData],
    folder: Path,
    *,
    jobs: int = 1,
    on_event: Callable[[Event], None] | None = None,
    resume: bool = False,
) -> Reproduction:
    """Runs studies, all their trials in one pool, and leaves each one's results.

    Trials that an earlier run into the same folder has finished are not run again.

    Args:
        parts: The studies; see `report_studies`.
        data: The data sets by name.
        folder: A new folder, or that of an earlier run.
        jobs: Number of worker processes.
        on_event: Called for each thing that happens.
        resume: Whether the folder has to be that of an earlier run.

    Returns:
        The `Reproduction`. The folder then has `reproduction.json`, a folder per part with
        `study.json` and its figures, and `trials/`.

    Raises:
        ArtifactError: If the folder holds something else or cannot be written.
        InvalidSetting: If `jobs` is below 1 or a batch is larger than the training set.
    """
    started = time.perf_counter()
    parts = [Part(part.dataset, resolved_study(part.study, data[part.dataset])) for part in parts]
    trials = [
        Trial(part.trial_name(trial), trial.experiment)
        for part in parts
        for trial in part.study.trials()
    ]
    plan = {"parts": {part.name: settings_of(part.study) for part in parts}}
    with finished_trials(trials, data, folder, plan, jobs, on_event, resume=resume) as finished:
        bases, runs, errors = finished
        findings = {}
        for part in parts:
            try:
                findings[part.name] = _findings(part, runs, data[part.dataset], bases, folder)
            except KerasAEError as error:
                errors[part.name] = str(error)
        result = Reproduction(parts, findings, errors, time.perf_counter() - started)
        record = {
            "results": {name: findings.summary for name, findings in result.findings.items()},
            "settings": plan["parts"],
            "errors": errors,
            "seconds": result.seconds,
            **environment(),
        }
        write_json(folder / REPRODUCTION, record)
    return result


def _findings(
    part: Part, runs: Mapping[str, Run], data: ImageData, bases: Bases, folder: Path
) -> Findings:
    """Answers a part's question from its own runs, by the names that the study gives them."""
    names = {part.trial_name(trial): trial.name for trial in part.study.trials()}
    own = {names[name]: run for name, run in runs.items() if name in names}
    findings = part.study.findings(own, data, bases)
    save_findings(part.study, findings, data, folder / part.name)
    return findings
