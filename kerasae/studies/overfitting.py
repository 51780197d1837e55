"""The long training of the report: does the network overfit, and from which epoch on?"""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

from kerasae.errors import KerasAEError
from kerasae.experiment import Experiment
from kerasae.presets import long_run
from kerasae.reference import REPORT_LONG_RUN, nearest_of_report, report_heading
from kerasae.show.counts import counted
from kerasae.show.table import Column, Table
from kerasae.studies.study import Findings, Results, Study, StudyFigure
from kerasae.trials.trial import Trial

_TRIAL = "long"


@dataclasses.dataclass(frozen=True)
class OverfitStudy(Study):
    """Trains one network for long and watches the gap between training and validation.

    Args:
        base: The settings.

    Raises:
        InvalidSetting: If no images are held out.
    """

    name: ClassVar[str] = "overfit"
    title: ClassVar[str] = "long training"
    start: ClassVar[Callable[[str], Experiment]] = staticmethod(long_run)

    def trials(self) -> list[Trial]:
        """Returns the one trial."""
        return [Trial(_TRIAL, self.base)]

    def findings(self, results: Results) -> Findings:
        """Compares the curves; see `train_curve`."""
        from kerasae.show.curves import overfit_figure, train_curve

        if not results.runs:
            raise KerasAEError("the training failed; expected it to finish, see its error")
        run, data, dim = results.runs[_TRIAL], results.data, self.base.latent_dim
        columns = {key: [epoch[key] for epoch in run.history] for key in run.history[0]}
        (train, _), validation = train_curve(columns), columns["val_mse"]
        best = validation.index(min(validation))
        pca = results.bases[data.name, self.base.validation_split]
        summary = {
            "epochs": len(validation),
            "train_mse": train[-1],
            "val_mse": validation[-1],
            "gap": validation[-1] - train[-1],
            "best_epoch": best + 1,
            "best_val_mse": validation[best],
            **{key: run.metrics[key] for key in ("test_mse", "test_psnr")},
            "pca_test_mse": pca.mse(data.test, [dim])[dim],
            "report": REPORT_LONG_RUN.get(data.name),
        }
        title = f"{data.title}, {'-'.join(map(str, self.base.hidden_dims))}, code of {dim}"
        figure = StudyFigure(
            overfit_figure(train, validation, title, {"PCA": summary["pca_test_mse"]}),
            "Training and validation MSE over the epochs, with the gap between them",
        )
        table = _table(summary, results)
        return Findings(summary, [table], [_words(summary)], {self.name: figure})


def _table(summary: dict[str, Any], results: Results) -> Table:
    data = results.data
    nearest = nearest_of_report(data.name)
    report = REPORT_LONG_RUN.get(nearest, {})
    rows = [
        [
            "training MSE, last epoch",
            summary["train_mse"],
            report.get("training loss", report.get("loss")),
        ],
        ["validation MSE, last epoch", summary["val_mse"], report.get("validation loss")],
        ["gap, validation minus train", summary["gap"], None],
        ["best validation MSE", summary["best_val_mse"], None],
        ["its epoch", f"{summary['best_epoch']} of {summary['epochs']}", None],
        ["test MSE of the best epoch", summary["test_mse"], None],
        ["test PSNR, dB", f"{summary['test_psnr']:.2f}", None],
        ["PCA, test MSE", summary["pca_test_mse"], None],
    ]
    heading = report_heading(data.name, nearest)
    columns = [Column(""), Column("ours", "#.4g"), Column(heading, ".4f", "dim")]
    wanted = 3 if report else 2
    title = f"{data.title}: {counted(summary['epochs'], 'epoch')}"
    return Table(title, columns[:wanted], [row[:wanted] for row in rows])


def _words(summary: dict[str, Any]) -> str:
    last = summary["best_epoch"] == summary["epochs"]
    best = "in the last epoch" if last else f"in epoch {summary['best_epoch']}"
    if summary["val_mse"] > 1.05 * summary["best_val_mse"]:
        return f"The validation error was lowest {best} and rose after it: this network overfits."
    return (
        f"The validation error was lowest {best}; at the end it is {summary['gap']:#.4g} above the "
        "training error. The report calls such a gap poor generalization. But the validation error "
        "hardly rises, so longer training did no harm."
    )
