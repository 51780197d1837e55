"""What the studies of the report have in common: trials, run together, and what they give."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rich.table import Table

from kerasae.data.image_data import ImageData
from kerasae.environment import environment
from kerasae.errors import ArtifactError
from kerasae.files import whole_files
from kerasae.files.owned_folder import owned
from kerasae.runs import run_files
from kerasae.runs.run import Run
from kerasae.show import figure_files
from kerasae.trials.executors import ProcessExecutor
from kerasae.trials.jobs import Event, Failed, Finished
from kerasae.trials.running import Bases, check_trials, running_trials
from kerasae.trials.trial import Trial

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True)
class Findings:
    """What a study found.

    Args:
        summary: The numbers, as plain JSON values.
        tables: The same for a person.
        figures: Figures by the stem of their file's name.
    """

    summary: dict[str, Any]
    tables: list[Table]
    figures: dict[str, Figure]


class Study(Protocol):
    """A question that some trials on one data set answer."""

    @property
    def name(self) -> str:
        """The study's name, as the command line has it."""
        ...

    def trials(self) -> list[Trial]:
        """Returns the trials, with names of their own within the study."""
        ...

    def settings(self) -> dict[str, Any]:
        """Returns every setting as plain JSON values."""
        ...

    def findings(self, runs: Mapping[str, Run], data: ImageData, bases: Bases) -> Findings:
        """Answers the question from the finished trials by name; failed ones are missing."""
        ...


def run_study(
    study: Study,
    data: ImageData,
    folder: Path,
    *,
    jobs: int = 1,
    on_event: Callable[[Event], None] | None = None,
) -> tuple[Findings, dict[str, str]]:
    """Runs a study and leaves `study.json` and its figures beside its trials.

    Args:
        study: The study.
        data: Its data set.
        folder: A new or empty folder, or that of an earlier run, whose finished trials are not
            run again.
        jobs: Number of worker processes.
        on_event: Called for each thing that happens.

    Returns:
        The findings, and what went wrong, by trial.

    Raises:
        ArtifactError: If the folder holds something else, belongs to another process, or cannot
            be written.
        InvalidSetting: If `jobs` is below 1 or a batch is larger than the training set.
        KerasAEError: If no trial finished.
    """
    trials = study.trials()
    executor = ProcessExecutor(jobs)
    check_trials(trials, {data.name: data})
    # A folder with a plan is one to go on in; trials of other settings are refused.
    with owned(folder, resume=(folder / run_files.PLAN).is_file()):
        check_plan(folder, {"study": study.name})
        with running_trials(trials, {data.name: data}, folder, executor) as (bases, events):
            runs, errors = collect(events, folder, on_event)
        findings = study.findings(runs, data, bases)
        save_findings(study, findings, data, folder)
    return findings, errors


def check_plan(folder: Path, plan: dict[str, Any]) -> None:
    """Leaves the plan in a new folder, or checks that it is the one that is there.

    Raises:
        ArtifactError: If it is another one.
    """
    path = folder / run_files.PLAN
    if not path.is_file():
        whole_files.write_json(path, plan)
    elif whole_files.read_json(path) != plan:
        raise ArtifactError(
            f"{folder}: holds another study, or one with other settings; choose another --out"
        )


def collect(
    events: Sequence[Event] | Any, folder: Path, on_event: Callable[[Event], None] | None
) -> tuple[dict[str, Run], dict[str, str]]:
    """Waits for the trials; returns the finished ones and the errors of the others, by name."""
    runs, errors = {}, {}
    for event in events:
        if isinstance(event, Finished):
            place = folder / run_files.TRIALS / event.name
            runs[event.name] = Run.of(place, metrics=event.metrics)
        elif isinstance(event, Failed):
            errors[event.name] = event.error
        if on_event is not None:
            on_event(event)
    return runs, errors


def save_findings(study: Study, findings: Findings, data: ImageData, folder: Path) -> None:
    """Writes `study.json` and the figures, as SVG and PNG."""
    for stem, figure in findings.figures.items():
        figure_files.save_figure(folder, stem, figure)
    record = {
        "study": study.name,
        "settings": study.settings(),
        "results": findings.summary,
        "data_md5": list(data.checksums()),
        **environment(),
    }
    whole_files.write_json(folder / run_files.STUDY, record)
