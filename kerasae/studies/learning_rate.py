"""The learning-rate study: which rate, on a logarithmic scale, trains a network best."""

import dataclasses
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from kerasae.errors import KerasAEError
from kerasae.experiment import Positive
from kerasae.show.table import Cell, Column, Table
from kerasae.studies.study import Findings, Results, Study, StudyFigure, trials_over
from kerasae.trials.trial import Trial

RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
_REPORT_RATE = "10e-3"
_SCORES = ("val_mse", "test_mse")
_START_KEPT = (
    "No rate was clearly better than the PCA start, which every network kept: try more --epochs, "
    "lower --rates, or more images."
)


@dataclasses.dataclass(frozen=True)
class LearningRateStudy(Study):
    """Trains one network with each of several learning rates.

    Args:
        base: The settings; the learning rate is replaced.
        rates: Peak learning rates, at least two, all different.

    Raises:
        InvalidSetting: If a rate is out of range or there are too few, or if no images are
            held out to choose by.

    Example:

    >>> from kerasae.experiment import Experiment
    >>> [trial.name for trial in LearningRateStudy(Experiment(), (0.1, 0.01)).trials()]
    ['lr0.01', 'lr0.1']
    """

    rates: Annotated[
        tuple[Positive, ...],
        Meta(min_length=2, description="Two or more peak learning rates to compare."),
    ] = RATES
    name: ClassVar[str] = "learning-rate"
    title: ClassVar[str] = "learning rate"
    varies: ClassVar[tuple[str, ...]] = ("learning_rate",)

    def trials(self) -> list[Trial]:
        """Returns a trial per rate, the smallest first."""
        return trials_over(self.base, "learning_rate", sorted(self.rates), "lr")

    def findings(self, results: Results) -> Findings:
        """Chooses the rate by the validation MSE at the end; a rate whose trial failed has none."""
        from kerasae.show.curves import learning_rate_figure

        if not results.runs:
            raise KerasAEError("no learning rate trained the network; expected one that does")
        trials = zip(sorted(self.rates), self.trials(), strict=True)
        runs = {rate: results.runs.get(trial.name) for rate, trial in trials}
        rows: list[dict[str, Any]] = [
            {"learning_rate": rate, **{key: run and run.metrics[key] for key in _SCORES}}
            for rate, run in runs.items()
        ]
        trained = {rate: run for rate, run in runs.items() if run}
        best = min(trained, key=lambda rate: trained[rate].metrics["val_mse"])
        summary = {
            "rates": rows,
            "best": best,
            "at_edge": best in (min(runs), max(runs)),
            "start_kept": all(run.metrics.get("best_epoch") == 0 for run in trained.values()),
        }
        curves = {rate: [row["val_mse"] for row in run.history] for rate, run in trained.items()}
        figure = StudyFigure(
            learning_rate_figure(list(runs), [row["val_mse"] for row in rows], curves),
            "Validation MSE against the learning rate, and over the epochs for each rate",
        )
        table = _table(summary, results.data.title)
        return Findings(summary, [table], [_words(summary)], {self.name: figure})


def _table(summary: dict[str, Any], dataset: str) -> Table:
    failed = Cell("failed", "failed")
    rows = [
        [
            Cell(rate, "best" if rate == summary["best"] and not summary["start_kept"] else ""),
            *(failed if mse is None else mse for mse in scores),
        ]
        for rate, *scores in map(dict.values, summary["rates"])
    ]
    return Table(
        f"{dataset}: MSE by peak learning rate",
        [
            Column("learning rate", "g"),
            Column("validation MSE", "#.4g"),
            Column("test MSE", "#.4g"),
        ],
        rows,
        _START_KEPT
        if summary["start_kept"]
        else "The best rate lies at the edge of the range: widen it."
        if summary["at_edge"]
        else "★ best on the validation images, inside the range",
    )


def _words(summary: dict[str, Any]) -> str:
    if summary["start_kept"]:
        return _START_KEPT
    where = "at the edge of" if summary["at_edge"] else "inside"
    return (
        f"The report chose {_REPORT_RATE} (0.01) and does not say from which candidates. Here the "
        f"lowest validation MSE is reached with a peak rate of {summary['best']:g}, {where} the "
        "range that was tried, with warm-up and cosine decay."
    )
