"""The learning-rate study: which rate, on a logarithmic scale, trains a network best."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from rich.table import Table

from kerasae.data.image_data import ImageData
from kerasae.errors import InvalidSetting, KerasAEError
from kerasae.experiment import Experiment
from kerasae.runs.run import Run
from kerasae.show.curves import learning_rate_figure
from kerasae.studies.study import Findings
from kerasae.trials.running import Bases
from kerasae.trials.trial import Trial, name_part

RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)


@dataclasses.dataclass(frozen=True)
class LearningRateStudy:
    """Trains one network with each of several learning rates.

    Args:
        base: The settings; the learning rate is replaced.
        rates: Peak learning rates, at least two, all different.

    Raises:
        InvalidSetting: If a rate is out of range or there are too few, or if no images are
            held out to choose by.

    Example:

    >>> [trial.name for trial in LearningRateStudy(Experiment(), (0.1, 0.01)).trials()]
    ['lr0.01', 'lr0.1']
    """

    base: Experiment
    rates: tuple[float, ...] = RATES
    name = "learning-rate"

    def __post_init__(self) -> None:
        self.trials()
        if len(set(self.rates)) != len(self.rates) or len(self.rates) < 2:
            raise InvalidSetting("rates", list(self.rates), "at least two rates, all different")
        self.base.check_validation()

    def trials(self) -> list[Trial]:
        """Returns a trial per rate, the smallest first."""
        return [
            Trial(f"lr{name_part(rate)}", dataclasses.replace(self.base, learning_rate=rate))
            for rate in sorted(self.rates)
        ]

    def settings(self) -> dict[str, Any]:
        """Returns every setting as plain JSON values."""
        return {"base": self.base.to_dict(), "rates": list(self.rates)}

    def findings(self, runs: Mapping[str, Run], data: ImageData, bases: Bases) -> Findings:
        """Chooses the rate by the validation MSE at the end; a rate whose trial failed has none."""
        rates = sorted(self.rates)
        found = {rate: runs.get(f"lr{name_part(rate)}") for rate in rates}
        val_mse = {rate: run.metrics["val_mse"] if run else None for rate, run in found.items()}
        finished = {rate: mse for rate, mse in val_mse.items() if mse is not None}
        if not finished:
            raise KerasAEError("no learning rate trained the network; expected one that does")
        best = min(finished, key=lambda rate: finished[rate])
        curves = {
            rate: {"val": [row["val_mse"] for row in run.history]}
            for rate, run in found.items()
            if run
        }
        summary = {
            "rates": [
                {
                    "learning_rate": rate,
                    "val_mse": val_mse[rate],
                    "test_mse": run.metrics["test_mse"] if run else None,
                }
                for rate, run in found.items()
            ],
            "best": best,
            "at_edge": best in (rates[0], rates[-1]),
        }
        figure = learning_rate_figure(rates, list(val_mse.values()), curves)
        return Findings(summary, [_table(summary, data.title)], {self.name: figure})


def _table(summary: dict[str, Any], dataset: str) -> Table:
    table = Table(title=f"{dataset}: MSE by peak learning rate")
    for heading in ("learning rate", "validation MSE", "test MSE"):
        table.add_column(heading, justify="right")
    for row in summary["rates"]:
        best = row["learning_rate"] == summary["best"]
        cells = [
            "failed" if row[key] is None else f"{row[key]:.5f}" for key in ("val_mse", "test_mse")
        ]
        mark = "★ " if best else ""
        table.add_row(
            f"{mark}{row['learning_rate']:g}", *cells, style="bold green" if best else None
        )
    edge = "The best rate lies at the edge of the range: widen it." if summary["at_edge"] else ""
    table.caption = edge or "★ best on the validation images, inside the range"
    return table
