"""A sweep as one of the report's studies: its tables 1 and 2."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerasae.data.image_data import ImageData
from kerasae.data.pixels import as_floats
from kerasae.model_outputs import outputs
from kerasae.pca import PCA
from kerasae.reference import REPORT_MSE
from kerasae.runs.run import Run
from kerasae.show.sweep_figure import sweep_figure
from kerasae.show.sweep_table import sweep_table
from kerasae.show.versions_figure import drawn_rows, versions_figure
from kerasae.studies.study import Findings
from kerasae.trials.grid import Sweep
from kerasae.trials.jobs import Finished
from kerasae.trials.running import Bases
from kerasae.trials.sweeps import sweep_result
from kerasae.trials.trial import Trial

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True)
class SweepStudy:
    """Asks a sweep which network and which latent dimension suit the data.

    Args:
        sweep: The grid.
    """

    sweep: Sweep
    name = "sweep"

    def trials(self) -> list[Trial]:
        """Returns the trials of the sweep."""
        return self.sweep.trials()

    def settings(self) -> dict[str, Any]:
        """Returns every setting as plain JSON values."""
        return self.sweep.to_dict()

    def findings(self, runs: Mapping[str, Run], data: ImageData, bases: Bases) -> Findings:
        """Sets the networks beside PCA, the mean training image and the report."""
        pca = bases[data.name, self.sweep.base.validation_split]
        outcomes = {name: Finished(name, run.metrics) for name, run in runs.items()}
        result = sweep_result(self.sweep, outcomes, pca.mse(data.test, self.sweep.latent_dims))
        summary = {
            "rows": result.rows,
            "pca_test_mse": {str(dim): mse for dim, mse in result.pca_mse.items()},
            "mean_image_test_mse": pca.mse(data.test, [0])[0],
            "report": REPORT_MSE.get(data.name),
        }
        figures = {self.name: sweep_figure(result, data.name)}
        if runs:
            figures["reconstructions"] = self._reconstructions(runs, data, pca)
        return Findings(summary, [sweep_table(result, data.name)], figures)

    def _reconstructions(self, runs: Mapping[str, Run], data: ImageData, pca: PCA) -> Figure:
        """Draws the first test images as the trained networks of one code size return them."""
        dims = sorted({trial.experiment.latent_dim for trial in self.trials()})
        middle = dims[(len(dims) - 1) // 2]
        shown = data.test[drawn_rows(len(data.test))]
        clean = as_floats(shown)
        versions = {f"PCA {middle}": pca.reconstructions(shown, middle)}
        for trial in self.trials():
            if trial.experiment.latent_dim == middle and trial.name in runs:
                widths = "-".join(map(str, trial.experiment.hidden_dims))
                label = f"{trial.experiment.architecture}\n{widths}"
                versions.setdefault(label, outputs(runs[trial.name].model, clean))
        title = f"{data.title}: reconstructions from a code of {middle}"
        return versions_figure(clean, versions, title)
