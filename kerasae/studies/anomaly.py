"""How well scores of a dense autoencoder tell images of other classes from normal ones."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from kerasae.anomaly import FALSE_ALARMS, SCORES
from kerasae.anomaly.baselines import baselines
from kerasae.anomaly.detector import Detector
from kerasae.anomaly.labelled import odd_by_folder, separation
from kerasae.data.image_data import ImageData, class_names
from kerasae.data.pixels import as_floats
from kerasae.environment import cores
from kerasae.errors import InvalidSetting, KerasAEError
from kerasae.experiment import Experiment
from kerasae.inference.defect_masks import PixelSeparation, mask_path
from kerasae.inference.picture_scores import by_pixel, count_pixels
from kerasae.model_outputs import outputs
from kerasae.presets import novelty_detector
from kerasae.reference import PUBLISHED_AUROC
from kerasae.show.table import Cell, Column, Table
from kerasae.studies.study import Findings, Results, Study, StudyFigure
from kerasae.trials.trial import Trial

if TYPE_CHECKING:
    import keras

ONE_CLASS: Literal["one-class"] = "one-class"
# Chosen inside the training splits of the report's data sets, see docs/anomaly.md.
CHOSEN = {ONE_CLASS: "combined", "one-novel": "local"}
Scores = dict[str, NDArray[np.floating]]


@dataclasses.dataclass(frozen=True)
class AnomalyStudy(Study):
    """Trains on normal images of the official training split and scores all test images.

    Args:
        base: The settings.
        protocol: `one-class`: one class is normal, all others are novel; or `one-novel`: one
            class is novel.
        classes: Names of the classes that take turns; none are all.
        seeds: How many seeds each is trained with.

    Raises:
        InvalidSetting: If a value is out of range.
    """

    protocol: Annotated[
        Literal["one-class", "one-novel"], Meta(description="One class normal, or all but one.")
    ] = ONE_CLASS
    classes: Annotated[
        tuple[str, ...], Meta(description="Classes to test, one at a time; default: all.")
    ] = ()
    seeds: Annotated[int, Meta(ge=1, le=100, description="Seeds per class.")] = 1
    name: ClassVar[str] = "anomaly"
    title: ClassVar[str] = "Novel images"
    varies: ClassVar[tuple[str, ...]] = ("seed",)
    start: ClassVar[Callable[[str], Experiment]] = staticmethod(novelty_detector)

    @classmethod
    def of(cls, dataset: str, **lists: Any) -> Self:
        one_novel = lists.get("protocol", ONE_CLASS) != ONE_CLASS
        return cls(novelty_detector(dataset, one_novel=one_novel), **lists)

    def resolved(self, data: ImageData) -> Self:
        """Returns it with all classes of the data where none are named.

        Raises:
            InvalidSetting: If there is no such class, or too few.
        """
        known = class_names(data)
        if len(known) < 2:
            raise InvalidSetting("dataset", data.name, "images of two classes or more")
        chosen = known if self.classes in ((), ("all",)) else list(self.classes)
        for one in chosen:
            if one not in known:
                raise InvalidSetting("classes", one, f"some of {', '.join(known)}")
        if not self.classes and self.protocol == ONE_CLASS:
            # Of inspected parts, defects are in the test set only.
            trained = set(np.unique(data.train_labels).tolist())
            chosen = [one for number, one in enumerate(known) if number in trained]
        for one in chosen:
            novel = self._novel(data.test_labels, known.index(one))
            if len(np.unique(novel)) < 2:
                expected = (
                    f"test images of {one} and of other classes, test/good and test/crack say"
                )
                raise InvalidSetting("dataset", data.name, expected)
        return dataclasses.replace(self, classes=tuple(chosen))

    def trials(self) -> list[Trial]:
        """Returns a trial for each class and seed."""
        return [
            Trial(
                f"{name}-seed{seed}",
                dataclasses.replace(self.base, dataset=self._subset_name(name), seed=seed),
            )
            for name in self.classes
            for seed in range(self.seeds)
        ]

    def data_sets(self, data: ImageData) -> dict[str, ImageData]:
        """Returns the normal images of each turn, by the name of the data set that they are."""
        names = class_names(data)
        return {
            self._subset_name(name): self._subset(data, names.index(name), name)
            for name in self.classes
        }

    def findings(self, results: Results) -> Findings:
        """Scores the test images once, and compares with which are novel.

        Raises:
            KerasAEError: If no trial finished.
        """
        from kerasae.show.anomaly_figure import anomaly_figure

        if not results.runs:
            raise KerasAEError("no trial finished; expected one at least")
        names, data = class_names(results.data), results.data
        with ThreadPoolExecutor(cores()) as pool:
            turns = self._turns(results, pool)
            others = self._others(data, turns, pool)
        novel = {name: self._novel(data.test_labels, names.index(name)) for name in turns}
        summary = _summary(turns, others, novel)
        chosen = CHOSEN[self.protocol]
        if chosen not in summary["mean"]["auroc"]:
            chosen = SCORES[0]
        figure = anomaly_figure(
            {name: found[0].scores[chosen] for name, found in turns.items()},
            novel, data.test, chosen,
        )  # fmt: skip
        words = (
            f"ROC curves by {chosen} with the first seed, and the least and the most odd test "
            "images; a red frame marks those on the wrong side"
        )
        published = PUBLISHED_AUROC.get((data.name, self.protocol), {})
        return Findings(
            {"protocol": self.protocol, "seeds": self.seeds, "score": chosen, **summary},
            [_table(summary, chosen, f"{data.title}: {self.protocol}", published)],
            self._words(summary, chosen),
            {f"{self.name}-{self.protocol}": StudyFigure(figure, words)},
        )

    def _turns(self, results: Results, pool: ThreadPoolExecutor) -> dict[str, list[_Turn]]:
        """Returns what the networks of each turn, one a seed, say of the test images."""
        data, subsets = results.data, self.data_sets(results.data)
        runs = {one: results.runs[one.name] for one in self.trials() if one.name in results.runs}
        # Models are loaded before the threads, which share nothing of Keras then.
        models = {trial: run.model for trial, run in runs.items()}
        scored = {
            trial: pool.submit(_turn, model, subsets[trial.experiment.dataset], data,
                               self.base.validation_split)
            for trial, model in models.items()
        }  # fmt: skip
        turns: dict[str, list[_Turn]] = {}
        for trial, found in scored.items():
            turns.setdefault(trial.name.rpartition("-seed")[0], []).append(found.result())
        return turns

    def _others(
        self, data: ImageData, turns: Iterable[str], pool: ThreadPoolExecutor
    ) -> dict[str, Scores]:
        """Returns the scores of the baselines of each turn."""
        subsets = self.data_sets(data)
        started = {
            name: {title: pool.submit(score, subsets[self._subset_name(name)].train, data.test)
                   for title, score in baselines().items()}
            for name in turns
        }  # fmt: skip
        return {
            name: {title: score.result() for title, score in ones.items()}
            for name, ones in started.items()
        }

    def _subset_name(self, name: str) -> str:
        kind = "only" if self.protocol == ONE_CLASS else "without"
        return f"{self.base.dataset}, {kind} {name}"

    def _subset(self, data: ImageData, number: int, name: str) -> ImageData:
        train, test = (
            self._novel(labels, number) == 0 for labels in (data.train_labels, data.test_labels)
        )
        if train.sum() < 2:
            expected = f"classes that leave two normal images or more; {name!r} leaves fewer"
            raise InvalidSetting("classes", name, expected)
        return ImageData(
            self._subset_name(name),
            data.train[train],
            data.train_labels[train],
            data.test[test],
            data.test_labels[test],
            class_names=data.class_names,
        )

    def _novel(self, labels: NDArray[np.integer], number: int) -> NDArray[np.integer]:
        is_class = labels == number
        return (~is_class if self.protocol == ONE_CLASS else is_class).astype(int)

    def _words(self, summary: Mapping[str, Any], chosen: str) -> list[str]:
        mean = summary["mean"]["auroc"]
        normal = "one class" if self.protocol == ONE_CLASS else "all classes but one"
        return [
            f"Trained on {normal} of the training split and scored once on all test images: "
            f"the mean AUROC of {chosen} is {mean[chosen]:.4f}."
        ]


@dataclasses.dataclass(frozen=True)
class _Turn:
    """What one network says of all test images: scores, its thresholds, and its maps' AUROC."""

    scores: Scores
    thresholds: dict[str, float]
    pixel_auroc: float | None


def _turn(model: keras.Model, subset: ImageData, data: ImageData, validation_split: float) -> _Turn:
    detector = Detector.of(model, subset, validation_split)
    thresholds = {name: detector.threshold(name, FALSE_ALARMS) for name in detector.names()}
    scores = detector.scores(model, as_floats(data.test))
    return _Turn(scores, thresholds, _pixel_auroc(model, data))


def _pixel_auroc(model: keras.Model, data: ImageData) -> float | None:
    if not data.test_files:
        return None
    files = [Path(data.name) / one.name for one in data.test_files]
    odd = odd_by_folder([PurePath(one.name) for one in data.test_files])
    if not any(mask_path(file) for file, is_odd in zip(files, odd, strict=True) if is_odd):
        return None
    images, pixels = as_floats(data.test), PixelSeparation()
    errors = by_pixel(outputs(model, images) - images)
    for file, is_odd, one in zip(files, odd, errors, strict=True):
        count_pixels(pixels, file, is_odd, one)
    return pixels.auroc


def _summary(
    turns: Mapping[str, list[_Turn]],
    others: Mapping[str, Scores],
    novel: Mapping[str, NDArray[np.integer]],
) -> dict[str, Any]:
    from sklearn.metrics import roc_auc_score

    by_seed = {
        name: [_separations(one, novel[name]) for one in found] for name, found in turns.items()
    }
    aurocs = {name: [one["auroc"] for one in found] for name, found in by_seed.items()}
    classes: dict[str, dict[str, Any]] = {
        name: {
            **{kind: _means([one[kind] for one in found]) for kind in found[0]},
            "seeds": aurocs[name],
        }
        for name, found in by_seed.items()
    }
    for name, found in turns.items():
        classes[name]["auroc"] |= {
            title: float(roc_auc_score(novel[name], one)) for title, one in others[name].items()
        }
        pixels = [one.pixel_auroc for one in found if one.pixel_auroc is not None]
        if pixels:
            classes[name]["pixel_auroc"] = statistics.fmean(pixels)
    count = min(map(len, aurocs.values()))
    means = [_means([seeds[seed] for seeds in aurocs.values()]) for seed in range(count)]
    spread = {
        score: statistics.stdev(one[score] for one in means) for score in means[0] if count > 1
    }
    mean = {"auroc": _means([one["auroc"] for one in classes.values()]), "sd": spread}
    return {"classes": classes, "mean": mean}


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Averages each column; where nothing is above a threshold, there is no precision."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    known = {name: [one for one in column if one is not None] for name, column in columns.items()}
    return {name: statistics.fmean(ones) if ones else None for name, ones in known.items()}


def _separations(turn: _Turn, novel: NDArray[np.integer]) -> dict[str, dict[str, Any]]:
    found = {
        name: separation(values, novel.astype(bool).tolist(), turn.thresholds[name])
        for name, values in turn.scores.items()
    }
    kinds = ("auroc", "precision", "recall")
    return {kind: {name: getattr(one, kind) for name, one in found.items()} for kind in kinds}


def _table(
    summary: Mapping[str, Any], chosen: str, title: str, published: Mapping[str, float]
) -> Table:
    classes, mean = summary["classes"], summary["mean"]
    rows: list[list[Any]] = []
    for name in mean["auroc"]:
        mark = "" if name in SCORES else "dim"
        spread = f" ± {mean['sd'][name]:.4f}" if name in mean["sd"] else ""
        values = [f"{100 * one['auroc'][name]:.1f}" for one in classes.values()]
        average = f"{mean['auroc'][name]:.4f}{spread}"
        rows.append([
            Cell(name, mark),
            Cell(average, "best" if name == chosen else mark),
            *(Cell(value, mark) for value in values),
        ])  # fmt: skip
    rows += [[Cell(text, "dim") for text in (name, f"{value:.4f}", *[""] * len(classes))]
             for name, value in published.items()]  # fmt: skip
    columns = [Column("score"), Column("mean AUROC"), *map(Column, classes)]
    note = "★ the score chosen beforehand; classes: AUROC in percent"
    if published:
        note += "; published ones are of other splits, see docs/anomaly.md"
    for name, one in classes.items():
        if "pixel_auroc" in one:
            note += f"; {name}: AUROC of pixels {one['pixel_auroc']:.4f}"
            for kind in ("precision", "recall"):
                if one[kind][chosen] is not None:
                    note += f", {kind} {one[kind][chosen]:.4f}"
    return Table(title, columns, rows, note)
