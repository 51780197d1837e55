"""Trains what is recorded or printed again, and compares: same bits, or how far off."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import random
import statistics
import tempfile
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from kerasae.data.image_data import ImageData
from kerasae.environment import cores, environment
from kerasae.errors import ArtifactError, InvalidSetting, VerificationFailed
from kerasae.experiment import Experiment
from kerasae.identity import differences
from kerasae.runs.fitting import fit_run
from kerasae.runs.manifest import changes_in, read_manifest
from kerasae.runs.run import Run
from kerasae.runs.run_data import trained_on_others
from kerasae.runs.run_files import METRICS, PLAN, TRIALS
from kerasae.studies.anomaly import AnomalyStudy
from kerasae.studies.run_study import plan_name, read_study

_TIMES = {"seconds", "train_seconds", "images_per_second"}
_SCORES = ("test_mse", "val_mse", "train_mse")
_DEVIATIONS = 3
_SHARE = 0.01  # of a score that there is one seed of
_MOST_NAMED = 10
DataOf = Callable[[Run], ImageData]


@dataclasses.dataclass(frozen=True)
class Verified:
    """A training that was done again.

    Args:
        name: The trial, or the cell that is printed.
        score: Name of the score that is compared.
        recorded: What it was; of a cell the mean over its seeds.
        again: What it is.
        allowed: How far apart they may be: 3 standard deviations over the seeds of the cell, or
            1 % where there is one seed.
        same_bits: Whether scores, history and weights are the same to the last bit; `None` where
            only the score is known.
        different: What else is different here: versions, processor, threads, images.
    """

    name: str
    score: str
    recorded: float
    again: float
    allowed: float
    same_bits: bool | None = None
    different: Sequence[str] = ()

    @property
    def passed(self) -> bool:
        """Whether it is the same, or near enough."""
        return bool(self.same_bits) or abs(self.again - self.recorded) <= self.allowed


def check_files(folder: Path) -> int:
    """Compares the files of a run, sweep or study with its manifest; returns how many there are.

    Raises:
        ArtifactError: If it has no manifest, or a damaged one.
        VerificationFailed: If a file is missing, or does not match its checksum.
    """
    changes = changes_in(folder)
    if changes:
        more = f", and {len(changes) - _MOST_NAMED} more" if len(changes) > _MOST_NAMED else ""
        named = ", ".join(changes[:_MOST_NAMED])
        raise VerificationFailed(f"{folder}: {named}{more}; train it again elsewhere (--out)")
    return len(read_manifest(folder))


def drawn_trials(folder: Path, count: int | None, seed: int | None = None) -> list[Run]:
    """Draws trials at random from those that a manifest lists; a run is its only one.

    Args:
        folder: The folder of a run, sweep or study.
        count: How many; `None` for all.
        seed: Of the draw.
    """
    runs = [Run(folder / name).place.parent for name in read_manifest(folder)]
    places = sorted(path for path in runs if (path / METRICS).is_file())
    places = list(dict.fromkeys(places))
    if not places:
        raise ArtifactError(f"{folder}: has no finished trial; choose the folder of a run or sweep")
    count = len(places) if count is None else min(count, len(places))
    return [Run(place) for place in sorted(random.Random(seed).sample(places, count))]


def verified(run: Run, folder: Path, data_of: DataOf) -> Verified:
    """Trains a run again from its recorded settings alone, in a folder that goes.

    Args:
        run: The run, or a trial of a sweep or study.
        folder: Its own folder, or that of the sweep or study, whose other seeds tell how far
            results lie apart.
        data_of: Loads the images of a run.
    """
    data = _images(run, folder, data_of)
    # Trials have one each.
    threads = run.record.threads if run.record and run.place.parent.name != TRIALS else 1
    again = _trained_again(run, data, threads)
    score = _score_of(run)
    recorded = run.metrics[score]
    seeds = [recorded] if run.place == folder else _of_cell(run, score)
    return Verified(
        run.name, score, recorded, again.metrics[score], _allowed(seeds), _same_bits(run, again),
        _different(run, data, threads),
    )  # fmt: skip


@functools.cache
def published() -> dict[str, dict[str, Any]]:
    """Returns what README and docs print, by the name of the cell.

    Returns:
        Of each its `settings`, and for each seed from 0 on (`values`) its `score`.
    """
    text = resources.files("kerasae.studies").joinpath("published.json").read_text("utf-8")
    cells: dict[str, dict[str, Any]] = json.loads(text)
    return cells


def drawn_cell(cell: str | None = None, seed: int | None = None) -> tuple[str, Experiment]:
    """Draws a cell of `published`, and one of its seeds.

    Args:
        cell: The cell; `None` draws one.
        seed: Of the draw.

    Returns:
        Its name, and the settings.

    Raises:
        InvalidSetting: If there is no such cell.

    Example:

    >>> drawn_cell("mnist sweep basic 30", seed=0)[1].latent_dim
    30
    """
    draw, cells = random.Random(seed), published()
    if cell is not None and cell not in cells:
        raise InvalidSetting("cell", cell, f"one of {', '.join(cells)}")
    name = draw.choice([*cells]) if cell is None else cell
    number = draw.randrange(len(cells[name]["values"]))
    return name, Experiment(**{**cells[name]["settings"], "seed": number})


def verified_cell(name: str, experiment: Experiment, data: ImageData) -> Verified:
    """Trains a seed of a cell that is printed, and compares it with what is printed.

    Args:
        name: The cell.
        experiment: Its settings, with a seed.
        data: Their images.
    """
    score, values = published()[name]["score"], published()[name]["values"]
    again = fit_run(experiment, data, threads=1, verbose=0).metrics[score]
    return Verified(name, score, statistics.fmean(values), again, _allowed(values))


def _allowed(values: Sequence[float]) -> float:
    if len(values) > 1:
        return _DEVIATIONS * statistics.stdev(values)
    return _SHARE * abs(values[0])


def _score_of(run: Run) -> str:
    score = next((name for name in _SCORES if run.metrics.get(name) is not None), None)
    if score is None:
        raise ArtifactError(f"{run.place / METRICS}: holds no MSE; train the run again")
    return score


def _of_cell(run: Run, score: str) -> list[float]:
    """Returns a score of all trials beside one that differ from it in the seed alone."""

    def settings(one: Run) -> dict[str, Any]:
        return {**one.experiment.to_dict(), "seed": None}

    beside = [Run(path.parent) for path in sorted(run.place.parent.glob(f"*/{METRICS}"))]
    return [one.metrics[score] for one in beside if settings(one) == settings(run)]


def _images(run: Run, folder: Path, data_of: DataOf) -> ImageData:
    if (folder / PLAN).is_file() and plan_name(folder).startswith(AnomalyStudy.name):
        # Its trials train on the normal images of a data set, each on others.
        study = read_study(folder, AnomalyStudy)
        whole = dataclasses.replace(run.experiment, dataset=study.base.dataset)
        data = data_of(Run.of(run.place, experiment=whole, record=run.record))
        return study.data_sets(data)[run.experiment.dataset]
    return data_of(run)


def _trained_again(run: Run, data: ImageData, threads: int | None) -> Run:
    """Trains to the end, or first to the epochs that it was to have before it got more."""
    ends = [*run.metrics.get("extended_at", ()), run.experiment.pace.epochs]
    with tempfile.TemporaryDirectory(prefix="kerasae-") as temporary:
        for end in ends:
            experiment = dataclasses.replace(run.experiment, epochs=end)
            place = Path(temporary) if len(ends) > 1 else None
            again = fit_run(
                experiment, data, folder=place, more_epochs=True, threads=threads, verbose=0
            )
            # What it holds is in memory; the folder goes.
            again = Run.of(
                metrics=again.metrics, history=again.history, model=again.model,
                experiment=experiment,
            )  # fmt: skip
    return again


def _same_bits(run: Run, again: Run) -> bool:
    ours, theirs = (
        {name: value for name, value in one.metrics.items() if name not in _TIMES}
        for one in (again, run)
    )
    if ours != theirs or again.history != run.history:
        return False
    if not run.has_model:
        return True
    pairs = itertools.zip_longest(run.model.get_weights(), again.model.get_weights())
    return all(np.array_equal(*pair) for pair in pairs)


def _different(run: Run, data: ImageData, threads: int | None) -> list[str]:
    """Says in words what is another one here than it was."""
    record = run.record
    if record is None:
        return ["where it was made is not recorded"]
    here, there = environment(), dataclasses.asdict(record)
    alike = {name: one for name, one in here.items() if there.get(name) not in (None, {})}
    found = differences(
        {"threads": threads or record.cores, **_flat({name: there[name] for name in alike})},
        {"threads": threads or cores(), **_flat(alike)},
    )
    images = ["other images"] if trained_on_others(run, data) else []
    return [*(str(one) for one in found if one.name != "cores"), *images]


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    return {**{k: v for k, v in values.items() if k != "versions"}, **values.get("versions", {})}
