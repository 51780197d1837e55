"""Finding finished runs, and laying their settings and scores side by side."""

import contextlib
import datetime
import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasae.errors import ArtifactError, InvalidSetting
from kerasae.files.local_files import Refused, refusing
from kerasae.runs.choice import choice_score
from kerasae.runs.record import RunRecord
from kerasae.runs.run import Run
from kerasae.runs.run_files import EXPERIMENT, METRICS, TRIALS

_MINUTES = len("2026-11-30 10:56")


def find_runs(folder: Path) -> tuple[list[Run], list[str]]:
    """Finds the finished runs in a folder and everything below it.

    Args:
        folder: Such as `artifacts`, or that of a sweep.

    Returns:
        The runs by their path, and a line for each that cannot be read.

    Raises:
        ArtifactError: If there is no such folder.
    """
    with refusing(folder, ArtifactError, "choose the folder of runs"):
        if not folder.is_dir():
            raise Refused("is not a folder; choose the folder of runs, such as artifacts")
    places = []
    for above, below, names in os.walk(folder):
        if EXPERIMENT in names and METRICS in names:
            places.append(Path(above))
        linked = [Path(above, name) for name in below if os.path.islink(os.path.join(above, name))]
        # What they lead to is no part of the folder; where a run is expected, that is told.
        places += [place for place in linked if TRIALS in (place.name, place.parent.name)]
    runs: list[Run] = []
    broken: list[str] = []
    # By their parts, which a comparison of paths takes apart each time.
    for place in sorted(places, key=lambda place: place.parts):
        run = Run(place)
        try:
            # Read both now, so that every run that is listed can be.
            _ = run.experiment, run.metrics
        except ArtifactError as error:
            broken.append(str(error))
        else:
            runs.append(run)
    return runs, broken


def filtered(runs: Sequence[Run], conditions: Sequence[str]) -> list[Run]:
    """Keeps the runs whose settings or scores have the values asked for.

    Args:
        runs: The runs.
        conditions: Each `name=value`, with the value as a table shows it.

    Raises:
        InvalidSetting: If a condition is not of that form, or no run has the name.
    """
    kept = list(runs)
    for condition in conditions:
        name, mark, value = condition.partition("=")
        if not mark or not any(name in run.values() for run in runs):
            raise InvalidSetting("filter", condition, "a setting or score and its value: seed=0")
        kept = [run for run in kept if shown(run.values().get(name)) == value]
    return kept


def ordered(runs: Sequence[Run], name: str) -> list[Run]:
    """Sorts runs by a setting or a score, those without it last.

    Args:
        runs: The runs.
        name: Such as `test_mse`; with a `-` before it, the largest comes first.

    Raises:
        InvalidSetting: If no run has it.
    """
    key = name.removeprefix("-")
    values: dict[Run, Any] = {run: run.values().get(key) for run in runs}
    having = [run for run in runs if values[run] is not None]
    lacking = [run for run in runs if values[run] is None]
    if runs and not having:
        raise InvalidSetting("sort", name, "a setting or a score, such as test_mse or -test_psnr")
    if not all(isinstance(values[run], int | float) for run in having):
        values = {run: shown(values[run]) for run in having}
    having.sort(key=lambda run: values[run], reverse=name.startswith("-"))
    return having + lacking


def by_choice(runs: Sequence[Run]) -> list[Run]:
    """Sorts runs by what they are chosen by, the best first; see `choice.choice_score`."""

    def key(run: Run) -> tuple[bool, float]:
        # A training error is no match for one of images held out.
        return run.metrics.get("val_mse") is None, choice_score(run.metrics)

    return sorted(runs, key=key)


def images_of(run: Run) -> tuple[str, ...]:
    """Returns what tells the images of a run from those of another.

    Args:
        run: The run.

    Returns:
        Their checksums; the name or path of the data set where these are not known.
    """
    record = record_of(run)
    return record.data_md5 if record and record.data_md5 else (run.experiment.dataset,)


def comparable(runs: Sequence[Run]) -> bool:
    """Tells whether runs see the same images with as much noise, so that errors tell the best."""
    return len({(images_of(run), run.experiment.sigma) for run in runs}) == 1


def best_of_all(runs: Sequence[Run]) -> Run | None:
    """Returns the run that is best by validation MSE.

    Args:
        runs: The runs.

    Returns:
        The run; `None` where they are not `comparable`, or held out no images.
    """
    if not comparable(runs):
        return None
    best = by_choice(runs)[0]
    return None if best.metrics.get("val_mse") is None else best


def side_by_side(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """Returns the settings and the scores in which runs differ, settings first.

    Args:
        runs: Two runs or more.

    Returns:
        For each setting or score, its value in each run; `None` where a run lacks it.
    """
    settings = {name for run in runs for name in run.settings()}
    rows = differing(runs)
    return dict(sorted(rows.items(), key=lambda row: row[0] not in settings))


def differing(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """Returns the settings and scores that are not the same in all runs, with their values."""
    everything = [run.values() for run in runs]
    names = dict.fromkeys(name for values in everything for name in values)
    rows = {name: [values.get(name) for values in everything] for name in names}
    return {n: row for n, row in rows.items() if any(value != row[0] for value in row)}


def short_names(names: Sequence[str]) -> tuple[str, list[str]]:
    """Takes off what all names begin with, up to the end of a word.

    Args:
        names: Names or paths.

    Returns:
        What they begin with, and the rest of each; of one name, or of equal ones, its last part.

    Example:

    >>> short_names(["runs/basic-z15-seed0", "runs/basic-z15-seed1"])
    ('runs/basic-z15-', ['seed0', 'seed1'])
    >>> short_names(["runs/a"])
    ('runs/', ['a'])
    """
    first, last = min(names), max(names)
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first[:-1], last, strict=False))
    common = "".join(one for one, _ in same)
    several = len(set(names)) == len(names) > 1
    # What follows a hyphen may be the exponent of a number, which is not cut in two.
    while common and not common.endswith("/"):
        if several and common[-1] == "-" and all(n[len(common)].isalpha() for n in names):
            break
        common = common[:-1]
    return common, [name[len(common) :] for name in names]


def date_of(run: Run) -> str | None:
    """Returns the day and the minute, here, when a run was begun, or else when it was saved."""
    record = record_of(run)
    if record is not None and record.date is not None:
        with contextlib.suppress(ValueError):
            begun = datetime.datetime.fromisoformat(record.date).astimezone()
            return begun.isoformat(" ", "minutes")[:_MINUTES]
    try:
        saved = (run.place / METRICS).stat().st_mtime
    except OSError:
        return None
    return datetime.datetime.fromtimestamp(saved).isoformat(" ", "minutes")


def record_of(run: Run) -> RunRecord | None:
    """Returns what a run was made of; what is damaged is no reason to list nothing."""
    try:
        return run.record
    except ArtifactError:
        return None


def shown(value: Any) -> str:
    """Writes a value as tables show it.

    Example:

    >>> shown([512, 256]), shown(0.0123456789), shown(None), shown(7)
    ('512-256', '0.01235', '', '7')
    """
    if value is None:
        return ""
    if isinstance(value, list):
        return "-".join(map(str, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
