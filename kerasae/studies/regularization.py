"""Lasso against Dropout against neither: the report's table 3, with a search of both."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta

from kerasae.errors import KerasAEError
from kerasae.experiment import Experiment
from kerasae.presets import selected_model
from kerasae.reference import (
    REPORT_MSE,
    REPORT_REGULARIZATION,
    nearest_of_report,
    report_heading,
)
from kerasae.show.table import Cell, Column, Table
from kerasae.studies.study import Findings, Positive, Study, StudyFigure
from kerasae.trials.trial import Trial, name_part

if TYPE_CHECKING:
    from kerasae.data.image_data import ImageData
    from kerasae.runs.run import Run
    from kerasae.trials.running import Bases

LAMBDAS = (1e-6, 1e-5, 1e-4, 1e-3)
DROPOUTS = (0.005, 0.02, 0.1)
_NONE = "none"
_SCORES = {
    "train_mse": ("train MSE", ".5f"),
    "val_mse": ("validation MSE", ".5f"),
    "gap": ("gap, validation minus train", ".5f"),
    "test_mse": ("test MSE", ".5f"),
    "test_psnr": ("test PSNR, dB", ".2f"),
    "code_near_zero": ("near-zero activations", ".1%"),
    "code_active_units": ("active units", ".1f"),
}


@dataclasses.dataclass(frozen=True)
class RegularizationStudy(Study):
    """Trains a network with each λ, each Dropout rate and neither, for equally many epochs.

    Args:
        base: The settings; λ and the Dropout rate are replaced.
        lambdas: Weights of the L1 penalty on the code, above 0.
        dropouts: Dropout rates, in (0, 1).

    Raises:
        InvalidSetting: If a list is empty or repeats a value, a value is out of range, or no
            images are held out to choose by.
    """

    lambdas: Annotated[
        tuple[Positive, ...], Meta(min_length=1, description="Weights of the L1 penalty.")
    ] = LAMBDAS
    dropouts: Annotated[tuple[Positive, ...], Meta(min_length=1, description="Dropout rates.")] = (
        DROPOUTS
    )
    name: ClassVar[str] = "regularize"
    title: ClassVar[str] = "Lasso and Dropout"
    varies: ClassVar[tuple[str, ...]] = ("l1", "dropout")
    start: ClassVar[Callable[[str], Experiment]] = staticmethod(selected_model)

    def trials(self) -> list[Trial]:
        """Returns the trial of neither, then those of Lasso, then those of Dropout."""
        none = dataclasses.replace(self.base, l1=0.0, dropout=0.0)
        lasso = [
            Trial(f"lasso-{name_part(value)}", dataclasses.replace(none, l1=value))
            for value in sorted(self.lambdas)
        ]
        dropout = [
            Trial(f"dropout-{name_part(value)}", dataclasses.replace(none, dropout=value))
            for value in sorted(self.dropouts)
        ]
        return [Trial(_NONE, none), *lasso, *dropout]

    def findings(self, runs: Mapping[str, Run], data: ImageData, bases: Bases) -> Findings:
        """Chooses λ and the rate by validation MSE, without the penalty, Dropout off."""
        from kerasae.show.curves import regularization_figure

        scores = {
            trial.name: _scores(trial.experiment, runs[trial.name].metrics)
            for trial in self.trials()
            if trial.name in runs
        }
        lasso, dropout = (
            {row[setting]: row for row in scores.values() if row[setting]}
            for setting in ("l1", "dropout")
        )
        if _NONE not in scores or not lasso or not dropout:
            raise KerasAEError("too many trials failed; expected one of each kind to finish")
        none = scores[_NONE]
        best = {"none": none} | {
            kind: min(search.values(), key=lambda row: row["val_mse"])
            for kind, search in (("lasso", lasso), ("dropout", dropout))
        }
        summary = {
            "best": best,
            "searched": list(scores.values()),
            "lasso_helps": best["lasso"]["val_mse"] <= none["val_mse"],
            "dropout_helps": best["dropout"]["val_mse"] <= none["val_mse"],
            "report": REPORT_REGULARIZATION if data.name == "mnist" else None,
        }
        figure = StudyFigure(
            regularization_figure({"Lasso λ": lasso, "Dropout rate": dropout}, none),
            "Training and validation MSE against the strength of Lasso and of Dropout",
        )
        return Findings(summary, [_table(best, data)], _words(summary), {self.name: figure})


def _scores(experiment: Experiment, metrics: Mapping[str, Any]) -> dict[str, Any]:
    known = {**metrics, "gap": metrics["val_mse"] - metrics["train_mse"]}
    strengths = {"l1": experiment.l1, "dropout": experiment.dropout}
    return strengths | {key: known[key] for key in _SCORES}


def _table(best: dict[str, dict[str, Any]], data: ImageData) -> Table:
    headings = ("", "none", "Lasso λ={l1:g}", "Dropout {dropout:g}")
    rows: list[list[Any]] = [
        [heading, *(format(row[key], style) for row in best.values())]
        for key, (heading, style) in _SCORES.items()
    ]
    if nearest_of_report(data.name) in REPORT_MSE:
        numbers = (Cell(f"{REPORT_REGULARIZATION[kind]:.4f}", "dim") for kind in best)
        rows.append([Cell(report_heading(data.name, "mnist"), "dim"), *numbers])
    return Table(
        f"{data.title}: regularizers at their best, equally many epochs",
        [Column(h.format(**row)) for h, row in zip(headings, [{}, *best.values()], strict=True)],
        rows,
        "MSE without the penalty, Dropout off; strengths chosen on the validation images",
    )


def _words(summary: dict[str, Any]) -> list[str]:
    lasso = "is at least as good as" if summary["lasso_helps"] else "does not reach"
    dropout = "is at least as good" if summary["dropout_helps"] else "does not reach it"
    return [
        f"Chosen on the validation images, the best Lasso {lasso} no regularizer, and the best "
        f"Dropout {dropout}. The search shows how the error rises with stronger ones.",
        "The report's 0.9259 for Dropout is no error of a regularized network on pixels in "
        "[0, 1], where an image of zeros costs 0.11. It is what an output of zeros costs on "
        "pixels scaled to [-1, 1]: docs/dropout-figure.md shows how one gets there.",
    ]
