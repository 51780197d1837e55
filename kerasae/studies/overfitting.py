"""The long training of the report: does the network overfit, and from which epoch on?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from rich.table import Table

from kerasae.data.image_data import ImageData
from kerasae.errors import KerasAEError
from kerasae.experiment import Experiment
from kerasae.reference import REPORT_LONG_RUN
from kerasae.runs.run import Run
from kerasae.show.curves import overfit_figure
from kerasae.studies.study import Findings
from kerasae.trials.running import Bases
from kerasae.trials.trial import Trial

_TRIAL = "long"


@dataclasses.dataclass(frozen=True)
class OverfitStudy:
    """Trains one network for long and watches the gap between training and validation.

    Args:
        base: The settings.

    Raises:
        InvalidSetting: If no images are held out.
    """

    base: Experiment
    name = "overfit"

    def __post_init__(self) -> None:
        self.base.check_validation()

    def trials(self) -> list[Trial]:
        """Returns the one trial."""
        return [Trial(_TRIAL, self.base)]

    def settings(self) -> dict[str, Any]:
        """Returns every setting as plain JSON values."""
        return {"base": self.base.to_dict()}

    def findings(self, runs: Mapping[str, Run], data: ImageData, bases: Bases) -> Findings:
        """Compares the curves; `mse` in the history is that of training, Dropout on."""
        if _TRIAL not in runs:
            raise KerasAEError("the training failed; expected it to finish, see its error")
        run = runs[_TRIAL]
        train = [row["mse"] for row in run.history]
        validation = [row["val_mse"] for row in run.history]
        best = min(range(len(validation)), key=validation.__getitem__)
        pca = bases[data.name, self.base.validation_split]
        dim = self.base.latent_dim
        summary = {
            "epochs": len(validation),
            "train_mse": run.metrics["train_mse"],
            "val_mse": run.metrics["val_mse"],
            "test_mse": run.metrics["test_mse"],
            "test_psnr": run.metrics["test_psnr"],
            "gap": run.metrics["val_mse"] - run.metrics["train_mse"],
            "best_epoch": best + 1,
            "best_val_mse": validation[best],
            "pca_test_mse": pca.mse(data.test, [dim])[dim],
            "report": REPORT_LONG_RUN.get(data.name),
        }
        title = f"{data.title}, {'-'.join(map(str, self.base.hidden_dims))}, code of {dim}"
        figure = overfit_figure(
            {title: {"train": train, "val": validation}}, {title: {"PCA": summary["pca_test_mse"]}}
        )
        return Findings(summary, [_table(summary, data.title)], {self.name: figure})


def _table(summary: dict[str, Any], dataset: str) -> Table:
    table = Table(title=f"{dataset}: {summary['epochs']} epochs", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("train MSE", f"{summary['train_mse']:.5f}")
    table.add_row("validation MSE", f"{summary['val_mse']:.5f}")
    table.add_row("gap, validation minus train", f"{summary['gap']:.5f}")
    best = f"{summary['best_epoch']} of {summary['epochs']} ({summary['best_val_mse']:.5f})"
    table.add_row("epoch with the best validation MSE", best)
    table.add_row("test MSE (PSNR)", f"{summary['test_mse']:.5f} ({summary['test_psnr']:.2f} dB)")
    table.add_row("PCA, test MSE", f"{summary['pca_test_mse']:.5f}")
    if summary["report"]:
        for part, value in summary["report"].items():
            table.add_row(f"report, {part}", f"{value:.4f}", style="dim")
    return table
