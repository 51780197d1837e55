"""A sweep as one of the report's studies: its tables 1 and 2."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kerasae.data.pixels import as_floats
from kerasae.model_outputs import outputs
from kerasae.reference import REPORT_MSE
from kerasae.show.counts import counted
from kerasae.show.sweep_table import sweep_table
from kerasae.studies.study import Findings, Results, Study, StudyFigure
from kerasae.trials.grid import Sweep
from kerasae.trials.jobs import Finished
from kerasae.trials.sweeps import sweep_result

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True)
class SweepStudy(Sweep, Study):
    """Asks a sweep which network and which latent dimension suit the data; see `Sweep`."""

    name: ClassVar[str] = "sweep"
    title: ClassVar[str] = "architectures and latent dimensions"

    def findings(self, results: Results) -> Findings:
        """Sets the networks beside PCA, the mean training image and the report."""
        from kerasae.show.sweep_figure import sweep_figure

        data = results.data
        pca = results.bases[data.name, self.base.validation_split]
        pca_mse = pca.mse(data.test, self.latent_dims)
        outcomes = {name: Finished(name, run.metrics) for name, run in results.runs.items()}
        rows = sweep_result(self, outcomes, pca_mse).rows
        summary = {
            "rows": rows,
            "pca_test_mse": {str(dim): mse for dim, mse in pca_mse.items()},
            "mean_image_test_mse": pca.mse(data.test, [0])[0],
            "report": REPORT_MSE.get(data.name),
        }
        figures = {
            self.name: StudyFigure(
                sweep_figure(rows, pca_mse, data.name),
                "Test MSE of the networks, of PCA and of the report by latent dimension",
            )
        }
        if results.runs:
            figures["reconstructions"] = StudyFigure(
                self._reconstructions(results),
                "Eight test images and their reconstructions by PCA and the networks, with PSNR",
            )
        table = sweep_table(rows, pca_mse, data.name)
        return Findings(summary, [table], _words(summary), figures)

    def _reconstructions(self, results: Results) -> Figure:
        """Draws some test images as the trained networks of one code size return them."""
        from kerasae.show.versions_figure import drawn_rows, versions_figure

        data = results.data
        middle = statistics.median_low(self.latent_dims)
        shown = data.test[drawn_rows(len(data.test))]
        clean = as_floats(shown)
        pca = results.bases[data.name, self.base.validation_split]
        versions = {f"PCA {middle}": pca.reconstructions(shown, middle)}
        for run in results.runs.values():
            network = run.experiment
            label = f"{network.architecture}\n{'-'.join(map(str, network.hidden_dims))}"
            if network.latent_dim == middle and label not in versions:
                versions[label] = outputs(run.model, clean)
        title = f"{data.title}: reconstructions from a code of {middle}"
        return versions_figure(clean, versions, title)


def _words(summary: Mapping[str, Any]) -> list[str]:
    rows = summary["rows"]
    won = sum(row["test_mse"] <= row["pca_test_mse"] for row in rows)
    epochs = rows[0]["epochs"] if rows else 0
    return [
        f"After {counted(epochs, 'epoch')}, {won} of our {len(rows)} networks are better than PCA "
        "with the same dimension. They start at PCA: a linear path from the image to the code and "
        "back starts at the principal components, so that the layers beside it learn only what "
        "PCA cannot do.",
        "Predicting the mean training image for every input has an MSE of "
        f"{summary['mean_image_test_mse']:.4f}.",
    ]
