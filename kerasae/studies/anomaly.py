"""How well scores of a dense autoencoder tell images of other classes from normal ones."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from kerasae.anomaly import SCORES
from kerasae.anomaly.baselines import baselines
from kerasae.anomaly.detector import Detector
from kerasae.data.image_data import ImageData, class_names
from kerasae.data.pixels import as_floats
from kerasae.errors import InvalidSetting, KerasAEError
from kerasae.experiment import Experiment
from kerasae.presets import novelty_detector
from kerasae.reference import PUBLISHED_AUROC
from kerasae.show.table import Cell, Column, Table
from kerasae.studies.study import Findings, Results, Study, StudyFigure
from kerasae.trials.trial import Trial

ONE_CLASS: Literal["one-class"] = "one-class"
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
        Literal["one-class", "one-novel"], Meta(description="Which classes are normal.")
    ] = ONE_CLASS
    classes: Annotated[
        tuple[str, ...], Meta(description="Classes that take turns; by default all.")
    ] = ()
    seeds: Annotated[int, Meta(ge=1, le=100, description="Seeds of each class.")] = 1
    name: ClassVar[str] = "anomaly"
    title: ClassVar[str] = "Novel images"
    varies: ClassVar[tuple[str, ...]] = ("seed",)
    start: ClassVar[Callable[[str], Experiment]] = staticmethod(novelty_detector)

    def resolved(self, data: ImageData) -> Self:
        """Returns it with all classes of the data where none are named.

        Raises:
            InvalidSetting: If there is no such class, or too few.
        """
        known = class_names(data)
        if len(known) < 2:
            raise InvalidSetting("dataset", data.name, "images of two classes or more")
        chosen = known if self.classes in ((), ("all",)) else self.classes
        for one in chosen:
            if one not in known:
                raise InvalidSetting("classes", one, f"some of {', '.join(known)}")
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
        subsets = self.data_sets(data)
        turns: dict[str, list[Scores]] = {}
        for trial in self.trials():
            if trial.name in results.runs:
                run, subset = results.runs[trial.name], subsets[trial.experiment.dataset]
                detector = Detector.of(run.model, subset, run.experiment.validation_split)
                found = detector.scores(run.model, as_floats(data.test))
                turns.setdefault(trial.name.rpartition("-seed")[0], []).append(found)
        novel = {name: self._novel(data.test_labels, names.index(name)) for name in turns}
        others = {
            name: {
                title: score(subsets[self._subset_name(name)].train, data.test)
                for title, score in baselines().items()
            }
            for name in turns
        }
        summary = _summary(turns, others, novel)
        best = max(SCORES, key=lambda score: summary["mean"]["auroc"].get(score, 0))
        figure = anomaly_figure(
            {name: found[0][best] for name, found in turns.items()}, novel, data.test, best
        )
        words = f"ROC curves by {best}, and the most and the least odd test images of each turn"
        published = PUBLISHED_AUROC.get((data.name, self.protocol), {})
        return Findings(
            {"protocol": self.protocol, "seeds": self.seeds, **summary},
            [_table(summary, data.title, self.protocol, published)],
            self._words(summary, best),
            {f"{self.name}-{self.protocol}": StudyFigure(figure, words)},
        )

    def _subset_name(self, name: str) -> str:
        kind = "only" if self.protocol == ONE_CLASS else "without"
        return f"{self.base.dataset}, {kind} {name}"

    def _subset(self, data: ImageData, number: int, name: str) -> ImageData:
        train, test = (
            self._novel(labels, number) == 0 for labels in (data.train_labels, data.test_labels)
        )
        if train.sum() < 2:
            raise InvalidSetting("classes", name, "a class with two normal images or more")
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

    def _words(self, summary: Mapping[str, Any], best: str) -> list[str]:
        mean = summary["mean"]["auroc"]
        normal = "one class" if self.protocol == ONE_CLASS else "all classes but one"
        return [
            f"Trained on {normal} of the training split and scored once on all test images: "
            f"the mean AUROC of {best}, the best of the scores here, is {mean[best]:.4f}."
        ]


def _summary(
    turns: Mapping[str, list[Scores]],
    others: Mapping[str, Scores],
    novel: Mapping[str, NDArray[np.integer]],
) -> dict[str, Any]:
    from sklearn.metrics import roc_auc_score

    by_seed = {
        name: [{score: float(roc_auc_score(novel[name], one[score])) for score in one}
               for one in found]
        for name, found in turns.items()
    }  # fmt: skip
    classes: dict[str, dict[str, Any]] = {
        name: {
            "auroc": {
                **{score: statistics.fmean(one[score] for one in seeds) for score in seeds[0]},
                **{title: float(roc_auc_score(novel[name], one))
                   for title, one in others[name].items()},
            },
            "seeds": seeds,
        }
        for name, seeds in by_seed.items()
    }  # fmt: skip
    all_aurocs: list[dict[str, float]] = [one["auroc"] for one in classes.values()]
    mean = {name: statistics.fmean(one[name] for one in all_aurocs) for name in all_aurocs[0]}
    count = min(map(len, by_seed.values()))
    means = {
        score: [statistics.fmean(seeds[seed][score] for seeds in by_seed.values())
                for seed in range(count)]
        for score in next(iter(by_seed.values()))[0]
    }  # fmt: skip
    spread = {score: statistics.stdev(ones) for score, ones in means.items() if count > 1}
    return {"classes": classes, "mean": {"auroc": mean, "sd": spread}}


def _table(
    summary: Mapping[str, Any], title: str, protocol: str, published: Mapping[str, float]
) -> Table:
    classes, mean = summary["classes"], summary["mean"]
    best = max(SCORES, key=lambda score: mean["auroc"].get(score, 0))
    rows: list[list[Any]] = []
    for name in mean["auroc"]:
        mark = "best" if name == best else "" if name in SCORES else "dim"
        spread = f" ± {mean['sd'][name]:.4f}" if name in mean["sd"] else ""
        values = [f"{100 * one['auroc'][name]:.1f}" for one in classes.values()]
        texts = [name, f"{mean['auroc'][name]:.4f}{spread}", *values]
        rows.append([Cell(text, mark) for text in texts])
    rows += [[Cell(text, "dim") for text in (name, f"{value:.4f}", *[""] * len(classes))]
             for name, value in published.items()]  # fmt: skip
    columns = [Column("score"), Column("mean AUROC"), *map(Column, classes)]
    note = "classes: AUROC in hundredths"
    if published:
        note += "; published ones are of other splits, see docs/anomaly.md"
    return Table(f"{title}: {protocol}", columns, rows, note)
