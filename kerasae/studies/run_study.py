"""Runs a study in a folder that has its plan, and leaves what it found."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, TypeVar

from kerasae.data.image_data import ImageData
from kerasae.data.picture_parts import list_pictures
from kerasae.environment import environment
from kerasae.errors import ArtifactError
from kerasae.experiment import as_recorded
from kerasae.files import whole_files
from kerasae.files.local_files import Refused, refusing, within
from kerasae.files.owned_folder import owned
from kerasae.files.shapes import read_shape
from kerasae.identity import check_same
from kerasae.runs.manifest import forget_manifest, write_manifest
from kerasae.runs.picture_list import write_pictures
from kerasae.runs.reading import parse_experiment
from kerasae.runs.record import RunRecord, check_computing
from kerasae.runs.run import Run
from kerasae.runs.run_files import PLAN, STUDY, TRIALS
from kerasae.show import figure_files
from kerasae.studies.study import Findings, Results, Study, settings_of
from kerasae.trials.jobs import Event, Failed, Finished, Started
from kerasae.trials.make_executor import make_executor
from kerasae.trials.running import Bases, running_trials
from kerasae.trials.trial import Trial

AnyStudy = TypeVar("AnyStudy", bound=Study)


def read_study(folder: Path, kind: type[AnyStudy]) -> AnyStudy:
    """Reads the study that was begun in a folder.

    Args:
        folder: The study's folder.
        kind: The class of the study.

    Returns:
        The study.

    Raises:
        ArtifactError: If there is no plan of such a study, or an older one, which does not tell
            its settings.
    """
    path = folder / PLAN
    plan = _read_plan(folder)
    with refusing(path, ArtifactError, "choose the folder of a study"):
        if not str(plan.get("study")).startswith(kind.name):
            raise Refused(f"is no plan of {kind.name}")
        if "settings" not in plan:
            raise Refused(
                "is an older version's, which does not tell the settings; run the command again "
                f"as it was, with --out {folder}"
            )
        settings = plan["settings"]
        if isinstance(settings.get("base"), dict):
            settings = {**settings, "base": as_recorded(settings["base"])}
        study = read_shape(settings, kind)
        # A setting that is unknown, or a data set that is not told, means no default.
        with within("base"):
            parse_experiment(plan["settings"]["base"])
        return study


def as_begun(study: AnyStudy, name: str, folder: Path) -> AnyStudy:
    """Returns a study that gives no precision in that which it was begun with in a folder.

    Args:
        study: The study.
        name: What the plan calls it.
        folder: The folder, in which there may be no plan yet.
    """
    if study.base.precision is not None or not (folder / PLAN).is_file():
        return study
    begun = _planned(_read_plan(folder)).get(name) or {}
    with refusing(folder / PLAN, ArtifactError, "choose the folder of a study"), within("base"):
        base = read_shape(begun.get("base") or {}, dict[str, Any])
    precision = as_recorded(base)["precision"]
    return dataclasses.replace(study, base=dataclasses.replace(study.base, precision=precision))


def _planned(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings of each study of a plan, of which an older one tells its name alone."""
    parts: dict[str, Any] = plan.get("parts") or {str(plan.get("study")): plan.get("settings")}
    return parts


def run_study(
    study: Study,
    data: ImageData,
    folder: Path,
    *,
    jobs: int | None = 1,
    on_event: Callable[[Event], None] | None = None,
    resume: bool = False,
    command: str | None = None,
) -> tuple[Findings, dict[str, str]]:
    """Runs a study and leaves `study.json` and its figures beside its trials.

    Args:
        study: The study.
        data: Its data set.
        folder: A new or empty folder, or that of an earlier run, whose finished trials are not
            run again.
        jobs: Number of worker processes; `None` is one per core.
        on_event: Called for each thing that happens.
        resume: Whether the folder has to be that of an earlier run.
        command: The command that begins it, for `study.json`.

    Returns:
        The findings, and what went wrong, by trial.

    Raises:
        ArtifactError: If the folder holds something else, belongs to another process, or cannot
            be written.
        InvalidSetting: If `jobs` is below 1, or the study is not one of such images.
        KerasAEError: If no trial finished.
    """
    study = as_begun(study, study.label, folder).resolved(data)
    command = first_command(folder) or command
    plan = {"study": study.label, "settings": settings_of(study), "command": command}
    trials = study.trials()
    with finished_trials(
        trials, study.data_sets(data), folder, plan, jobs, on_event, resume=resume
    ) as (runs, bases, errors):
        return save_findings(study, Results(runs, data, bases), folder, command), errors


def first_command(folder: Path) -> str | None:
    """Returns the command that began what is in a folder, if anything is and a command did."""
    return _read_plan(folder).get("command") if (folder / PLAN).is_file() else None


@contextlib.contextmanager
def finished_trials(
    trials: Sequence[Trial],
    data: Mapping[str, ImageData],
    folder: Path,
    plan: Mapping[str, Any],
    jobs: int | None,
    on_event: Callable[[Event], None] | None,
    *,
    resume: bool,
) -> Iterator[tuple[dict[str, Run], Bases, dict[str, str]]]:
    """Runs trials in a folder that has their plan, and keeps other processes out of it.

    Yields:
        The finished runs by trial, in their order, the fitted PCA, and what went wrong with
        the other trials.

    Raises:
        ArtifactError: If the folder holds something else or another plan, belongs to another
            process, or cannot be written.
        InvalidSetting: If `jobs` is below 1.
    """
    executor = make_executor("processes", jobs)
    plan = {**plan, "instructions": environment()["instructions"]}
    path = folder / PLAN
    # The same command goes on where there is a plan; trials of other settings are refused.
    begun = path.is_file()
    if resume and not begun:
        raise ArtifactError(f"{folder}: holds no plan of a study; choose another --resume")
    with owned(folder, resume=begun):
        if begun:
            _check_plan(folder, plan)
        else:
            whole_files.write_json(path, plan)
            for one in data.values():
                split = trials[0].experiment.validation_split
                write_pictures(folder, list_pictures(one, split))
        earlier = forget_manifest(folder)
        runs: dict[str, Run] = {}
        errors: dict[str, str] = {}
        trained: set[str] = set()
        with running_trials(trials, data, folder, executor) as (bases, events):
            # That the trials are the same is known only here; an older plan says less.
            whole_files.write_json(path, plan)
            for event in events:
                if isinstance(event, Finished):
                    place = folder / TRIALS / event.name
                    runs[event.name] = Run.of(place, metrics=event.metrics)
                elif isinstance(event, Failed):
                    errors[event.name] = event.error
                elif isinstance(event, Started):
                    trained.add(event.name)
                if on_event is not None:
                    on_event(event)
        in_order = {trial.name: runs[trial.name] for trial in trials if trial.name in runs}
        yield in_order, bases, errors
        write_manifest(folder, earlier, trained)


def plan_name(folder: Path) -> str:
    """Returns the name of the study that was begun in a folder; none for a reproduction.

    Raises:
        ArtifactError: If the plan is missing or damaged.
    """
    return str(_read_plan(folder).get("study", ""))


class _Plan(TypedDict, total=False):
    """What `plan.json` holds: of one study, or of those of a reproduction."""

    study: str
    settings: dict[str, Any]
    parts: dict[str, dict[str, Any]]
    command: str | None
    instructions: str | None


def _read_plan(folder: Path) -> _Plan:
    plan = whole_files.read_json(folder / PLAN)
    with refusing(folder / PLAN, ArtifactError, "choose the folder of a study"):
        return read_shape(plan, _Plan)


def _check_plan(folder: Path, plan: Mapping[str, Any]) -> None:
    there = _read_plan(folder)
    check_computing(folder, there, None)
    # An older plan of a study tells its name alone; the ledger knows the trials.
    begun, asked = _planned(there), _planned(plan)
    check_same(folder, {"studies": list(begun)}, {"studies": list(asked)})
    for name, settings in asked.items():
        if begun[name] is not None:
            # A setting that an older plan lacks means what it meant then.
            lists = settings.keys() - {"base"}
            known = {**dict.fromkeys(lists), **as_recorded(flat_settings(begun[name]))}
            check_same(f"{folder}: {name}", known, flat_settings(settings), grows=lists)


def flat_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings by name, those of the base beside the lists.

    Example:

    >>> flat_settings({"base": {"epochs": 9}, "rates": [0.1]})
    {'epochs': 9, 'rates': [0.1]}
    """
    groups = [one if isinstance(one, dict) else {key: one} for key, one in settings.items()]
    return {key: value for group in groups for key, value in group.items()}


def save_findings(
    study: Study, results: Results, folder: Path, command: str | None = None
) -> Findings:
    """Answers a study's question, and writes `study.json` and the figures, as SVG and PNG.

    Raises:
        KerasAEError: If too many of the trials failed.
    """
    findings = study.findings(results)
    for stem, figure in findings.figures.items():
        figure_files.save_figure(folder, stem, figure.drawn)
    record = {
        "study": study.label,
        "settings": settings_of(study),
        "results": findings.summary,
        **RunRecord.of(results.data, study.base.precision, command, threads=1).to_dict(),
    }
    whole_files.write_json(folder / STUDY, record)
    return findings
