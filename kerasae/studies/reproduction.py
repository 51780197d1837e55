"""Every study of the report at once: one pool of trials, one page of results."""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kerasae.data.image_data import ImageData
from kerasae.environment import environment
from kerasae.errors import KerasAEError
from kerasae.files.whole_files import write_json
from kerasae.presets import denoiser
from kerasae.runs.run_files import REPRODUCTION
from kerasae.studies.denoising import DenoisingStudy
from kerasae.studies.learning_rate import LearningRateStudy
from kerasae.studies.overfitting import OverfitStudy
from kerasae.studies.regularization import RegularizationStudy
from kerasae.studies.run_study import as_begun, finished_trials, first_command, save_findings
from kerasae.studies.study import Findings, Results, Study, settings_of
from kerasae.studies.sweep_study import SweepStudy
from kerasae.trials.jobs import Event
from kerasae.trials.trial import Trial

FULL = ("mnist", "fashion_mnist")
QUICK = ("mnist5k",)
_STUDIES: tuple[type[Study], ...] = (
    SweepStudy, LearningRateStudy, OverfitStudy, RegularizationStudy, DenoisingStudy,
)  # fmt: skip


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

    def trials(self) -> dict[str, Trial]:
        """Returns its trials as they are called among those of all parts, by their own names."""
        return {
            trial.name: Trial(f"{self.name}-{trial.name}", trial.experiment)
            for trial in self.study.trials()
        }


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
    return [
        Part(dataset, study)
        for dataset in datasets
        for study in (
            *(kind.of(dataset) for kind in _STUDIES),
            DenoisingStudy(dataclasses.replace(denoiser(dataset), clip_noise=True)),
        )
    ]


def reproduce(
    parts: Sequence[Part],
    data: Mapping[str, ImageData],
    folder: Path,
    *,
    jobs: int | None = 1,
    on_event: Callable[[Event], None] | None = None,
    resume: bool = False,
    command: str | None = None,
) -> Reproduction:
    """Runs studies, all their trials in one pool, and leaves each one's results.

    Trials that an earlier run into the same folder has finished are not run again.

    Args:
        parts: The studies; see `report_studies`.
        data: The data sets by name.
        folder: A new folder, or that of an earlier run.
        jobs: Number of worker processes; `None` is one per core.
        on_event: Called for each thing that happens.
        resume: Whether the folder has to be that of an earlier run.
        command: The command that begins them, for the records.

    Returns:
        The `Reproduction`. The folder then has `reproduction.json`, a folder per part with
        `study.json` and its figures, and `trials/`.

    Raises:
        ArtifactError: If the folder holds something else or cannot be written.
        InvalidSetting: If `jobs` is below 1 or a batch is larger than the training set.
    """
    started = time.perf_counter()
    studies = [as_begun(part.study, part.name, folder) for part in parts]
    parts = [
        Part(part.dataset, study.resolved(data[part.dataset]))
        for part, study in zip(parts, studies, strict=True)
    ]
    trials = [trial for part in parts for trial in part.trials().values()]
    command = first_command(folder) or command
    settings = {part.name: settings_of(part.study) for part in parts}
    plan = {"parts": settings, "command": command}
    with finished_trials(trials, data, folder, plan, jobs, on_event, resume=resume) as finished:
        runs, bases, errors = finished
        findings = {}
        for part in parts:
            named = part.trials().items()
            own = {name: runs[trial.name] for name, trial in named if trial.name in runs}
            results = Results(own, data[part.dataset], bases)
            try:
                place = folder / part.name
                findings[part.name] = save_findings(part.study, results, place, command)
            except KerasAEError as error:
                errors[part.name] = str(error)
        result = Reproduction(parts, findings, errors, time.perf_counter() - started)
        record = {
            "results": {name: findings.summary for name, findings in result.findings.items()},
            "settings": settings,
            "errors": errors,
            "seconds": result.seconds,
            "command": command,
            **environment(),
        }
        write_json(folder / REPRODUCTION, record)
    return result
