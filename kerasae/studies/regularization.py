"""Lasso, Dropout and no regularizer compared: the report's table 3, with a search of both."""

import dataclasses
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from kerasae.errors import KerasAEError
from kerasae.experiment import Experiment, Positive
from kerasae.presets import selected_model
from kerasae.reference import REPORT_MSE, REPORT_REGULARIZATION, nearest_of_report, report_heading
from kerasae.show.table import Cell, Column, Table
from kerasae.studies.study import Findings, Results, Study, StudyFigure, trials_over
from kerasae.trials.trial import Trial

LAMBDAS = (1e-6, 1e-5, 1e-4, 1e-3)
DROPOUTS = (0.005, 0.02, 0.1)
# A trial's name begins with its kind.
_KINDS = ("none", "lasso", "dropout")
_SCORES = {
    "train_mse": ("train MSE", "#.4g"),
    "val_mse": ("validation MSE", "#.4g"),
    "gap": ("gap, validation minus train", "#.4g"),
    "test_mse": ("test MSE", "#.4g"),
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
        tuple[Positive, ...],
        Meta(min_length=1, description="Weights λ of the L1 penalty to compare."),
    ] = LAMBDAS
    dropouts: Annotated[
        tuple[Positive, ...], Meta(min_length=1, description="Dropout rates to compare.")
    ] = DROPOUTS
    name: ClassVar[str] = "regularize"
    title: ClassVar[str] = "Lasso and Dropout"
    varies: ClassVar[tuple[str, ...]] = ("l1", "dropout")
    start: ClassVar[Callable[[str], Experiment]] = staticmethod(selected_model)

    def trials(self) -> list[Trial]:
        """Returns the trial of neither, then those of Lasso, then those of Dropout."""
        none = dataclasses.replace(self.base, l1=0.0, dropout=0.0)
        lasso = trials_over(none, "l1", sorted(self.lambdas), "lasso-")
        dropout = trials_over(none, "dropout", sorted(self.dropouts), "dropout-")
        return [Trial("none", none), *lasso, *dropout]

    def findings(self, results: Results) -> Findings:
        """Chooses λ and the rate by validation MSE, without the penalty, Dropout off."""
        from kerasae.show.curves import regularization_figure

        searched: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _KINDS}
        for name, run in results.runs.items():
            gap = run.metrics["val_mse"] - run.metrics["train_mse"]
            values = {**run.values(), "gap": gap}
            row = {key: values[key] for key in ("l1", "dropout", *_SCORES)}
            searched[name.partition("-")[0]].append(row)
        if not all(searched.values()):
            raise KerasAEError("too many trials failed; expected one of each kind to finish")
        best = {kind: min(rows, key=lambda row: row["val_mse"]) for kind, rows in searched.items()}
        none, lasso, dropout = best.values()
        summary = {
            "best": best,
            "searched": [row for rows in searched.values() for row in rows],
            "lasso_helps": lasso["val_mse"] <= none["val_mse"],
            "dropout_helps": dropout["val_mse"] <= none["val_mse"],
            "report": REPORT_REGULARIZATION if results.data.name == "mnist" else None,
        }
        searches = {
            "Lasso λ": {row["l1"]: row for row in searched["lasso"]},
            "Dropout rate": {row["dropout"]: row for row in searched["dropout"]},
        }
        figure = StudyFigure(
            regularization_figure(searches, none),
            "Training and validation MSE against the strength of Lasso and of Dropout",
        )
        table = _table(best, results)
        return Findings(summary, [table], _words(summary), {self.name: figure})


def _table(best: dict[str, dict[str, Any]], results: Results) -> Table:
    headings = ("", "none", "Lasso λ={l1:g}", "Dropout {dropout:g}")
    rows: list[list[Any]] = [
        [heading, *(format(row[key], style) for row in best.values())]
        for key, (heading, style) in _SCORES.items()
    ]
    dataset = results.data.name
    if nearest_of_report(dataset) in REPORT_MSE:
        numbers = (Cell(f"{REPORT_REGULARIZATION[kind]:.4f}", "dim") for kind in best)
        rows.append([Cell(report_heading(dataset, "mnist"), "dim"), *numbers])
    return Table(
        f"{results.data.title}: regularizers at their best, equally many epochs",
        [Column(h.format(**row)) for h, row in zip(headings, [{}, *best.values()], strict=True)],
        rows,
        "MSE without the penalty, Dropout off; strengths chosen on the validation images",
    )


def _words(summary: dict[str, Any]) -> list[str]:
    lasso = "is at least as good as" if summary["lasso_helps"] else "is worse than"
    dropout = "is at least as good" if summary["dropout_helps"] else "is worse"
    return [
        f"Chosen on the validation images, the best Lasso {lasso} no regularizer, and the best "
        f"Dropout {dropout}. The search shows how the error rises with stronger ones.",
        "The report's 0.9259 for Dropout cannot be the error of a regularized network on pixels in "
        "[0, 1], where an output of zeros has an MSE of 0.11. It is that of an output of zeros on "
        "pixels in [-1, 1]; docs/dropout-figure.md explains this.",
    ]
