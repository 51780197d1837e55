"""Lasso against Dropout against neither: the report's table 3, with a search of both."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from rich.table import Table

from kerasae.data.image_data import ImageData
from kerasae.errors import InvalidSetting, KerasAEError
from kerasae.experiment import Experiment
from kerasae.reference import REPORT_REGULARIZATION
from kerasae.runs.run import Run
from kerasae.show.curves import regularization_figure
from kerasae.studies.study import Findings
from kerasae.trials.running import Bases
from kerasae.trials.trial import Trial, name_part

LAMBDAS = (1e-6, 1e-5, 1e-4, 1e-3)
DROPOUTS = (0.005, 0.02, 0.1)
_NONE = "none"


@dataclasses.dataclass(frozen=True)
class RegularizationStudy:
    """Trains a network with each λ, each Dropout rate and neither, for equally many epochs.

    Args:
        base: The settings; λ and the Dropout rate are replaced.
        lambdas: Weights of the L1 penalty on the code, above 0.
        dropouts: Dropout rates, in (0, 1).

    Raises:
        InvalidSetting: If a list is empty or repeats a value, a value is out of range, or no
            images are held out to choose by.
    """

    base: Experiment
    lambdas: tuple[float, ...] = LAMBDAS
    dropouts: tuple[float, ...] = DROPOUTS
    name = "regularize"

    def __post_init__(self) -> None:
        for name in ("lambdas", "dropouts"):
            values = getattr(self, name)
            if not values or len(set(values)) != len(values) or not all(v > 0 for v in values):
                raise InvalidSetting(name, list(values), "numbers above 0, all different")
        self.base.check_validation()
        self.trials()

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

    def settings(self) -> dict[str, Any]:
        """Returns every setting as plain JSON values."""
        return {
            "base": self.base.to_dict(),
            "lambdas": list(self.lambdas),
            "dropouts": list(self.dropouts),
        }

    def findings(self, runs: Mapping[str, Run], data: ImageData, bases: Bases) -> Findings:
        """Chooses λ and the rate by validation MSE, without the penalty, Dropout off."""
        rows = {
            trial.name: _row(trial.experiment, runs[trial.name])
            for trial in self.trials()
            if trial.name in runs
        }
        lasso = {row["l1"]: row for row in rows.values() if row["l1"]}
        dropout = {row["dropout"]: row for row in rows.values() if row["dropout"]}
        if _NONE not in rows or not lasso or not dropout:
            raise KerasAEError("too many trials failed; expected one of each kind to finish")
        best = {
            "none": rows[_NONE],
            "lasso": min(lasso.values(), key=lambda row: row["val_mse"]),
            "dropout": min(dropout.values(), key=lambda row: row["val_mse"]),
        }
        summary = {
            "best": best,
            "searched": list(rows.values()),
            "lasso_helps": best["lasso"]["val_mse"] <= best["none"]["val_mse"],
            "dropout_helps": best["dropout"]["val_mse"] <= best["none"]["val_mse"],
            "report": REPORT_REGULARIZATION if data.name == "mnist" else None,
        }
        figure = regularization_figure({"Lasso λ": lasso, "Dropout rate": dropout}, rows[_NONE])
        tables = [_table(summary, data.title)]
        return Findings(summary, tables, {self.name: figure})


def _row(experiment: Experiment, run: Run) -> dict[str, Any]:
    metrics = run.metrics
    return {
        "l1": experiment.l1,
        "dropout": experiment.dropout,
        "gap": metrics["val_mse"] - metrics["train_mse"],
        **{
            key: metrics[key]
            for key in (
                "train_mse", "val_mse", "test_mse", "test_psnr", "code_near_zero",
                "code_active_units",
            )
        },
    }  # fmt: skip


def _table(summary: dict[str, Any], dataset: str) -> Table:
    table = Table(title=f"{dataset}: regularizers at their best, equally many epochs")
    table.add_column("")
    headings = ("train MSE", "val. MSE", "gap", "test MSE", "PSNR", "near zero", "active units")
    for heading in headings:
        table.add_column(heading, justify="right")
    names = {
        "none": "none",
        "lasso": f"Lasso λ={summary['best']['lasso']['l1']:g}",
        "dropout": f"Dropout {summary['best']['dropout']['dropout']:g}",
    }
    if summary["report"]:
        table.add_column("report", justify="right", style="dim")
    for key, name in names.items():
        row = summary["best"][key]
        report = [f"{summary['report'][key]:.4f}"] if summary["report"] else []
        table.add_row(
            name, *(f"{row[k]:.5f}" for k in ("train_mse", "val_mse", "gap", "test_mse")),
            f"{row['test_psnr']:.2f}", f"{row['code_near_zero']:.1%}",
            f"{row['code_active_units']:.1f}", *report,
        )  # fmt: skip
    table.caption = (
        "MSE without the penalty, Dropout off; strengths chosen on the validation images"
    )
    return table
