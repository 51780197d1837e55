"""The denoising study: a network against the classical methods, by PSNR."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from msgspec import Meta

from kerasae.errors import InvalidSetting, KerasAEError
from kerasae.experiment import Experiment, Positive
from kerasae.presets import SIGMA, denoiser
from kerasae.show.table import Cell, Column, Table
from kerasae.studies.study import Findings, Results, Study, StudyFigure, trials_over
from kerasae.trials.trial import Trial

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kerasae.data.image_data import ImageData
    from kerasae.runs.run import Run

LABELS = {
    "noisy": "noisy input",
    "gaussian": "Gaussian blur",
    "wiener": "Wiener",
    "total_variation": "total variation",
    "non_local_means": "non-local means",
    "pca": "PCA projection",
    "linear": "best linear estimator",
    "denoised": "autoencoder",
}


@dataclasses.dataclass(frozen=True)
class DenoisingStudy(Study):
    """Trains a denoiser for each noise level and sets it beside the classical methods.

    Args:
        base: The settings; `sigma` is replaced.
        sigmas: Standard deviations of the noise, each above 0, all different.

    Raises:
        InvalidSetting: If there is no sigma, one is out of range or comes twice, or no images
            are held out, by which the baselines choose their parameters.

    Example:

    >>> [trial.name for trial in DenoisingStudy(Experiment(), (0.6, 0.3)).trials()]
    ['sigma0.6', 'sigma0.3']
    """

    sigmas: Annotated[
        tuple[Positive, ...],
        Meta(
            min_length=1,
            description="Noise's standard deviation; repeat for more.",
            extra={"flags": ("--sigma",), "repeat": True},
        ),
    ] = (SIGMA,)
    name: ClassVar[str] = "denoise"
    title: ClassVar[str] = "denoising"
    varies: ClassVar[tuple[str, ...]] = ("sigma",)
    start: ClassVar[Callable[[str], Experiment]] = staticmethod(denoiser)

    @property
    def label(self) -> str:
        """`denoise`, or `denoise-clipped` where the noisy images are clipped."""
        return "denoise-clipped" if self.base.clip_noise else "denoise"

    def resolved(self, data: ImageData) -> Self:
        """Checks that the images are grey as well, as the classical denoisers need them."""
        if data.train.ndim == 4:
            raise InvalidSetting("dataset", data.name, "grey images, or --grayscale")
        return super().resolved(data)

    def trials(self) -> list[Trial]:
        """Returns a trial per noise level."""
        return trials_over(self.base, "sigma", self.sigmas, "sigma")

    def findings(self, results: Results) -> Findings:
        """Scores every method on the same noisy test images, by the mean per-image PSNR."""
        from kerasae.data.pixels import as_floats
        from kerasae.show.versions_figure import drawn_rows, versions_figure

        if not results.runs:
            raise KerasAEError("no denoiser was trained; expected at least one, see the errors")
        data, levels, figures = results.data, [], {}
        clean = as_floats(data.test[drawn_rows(len(data.test))])
        for name, run in results.runs.items():
            scores, versions = _level(run, data)
            levels.append(scores)
            figures[f"denoise-{name}"] = StudyFigure(
                versions_figure(clean, versions, f"{data.title}, {_heading(scores)}"),
                "Test images, the same with noise, and denoised, each with its PSNR",
            )
        # The first level's scores stand at the top as well, for the usual case of one.
        summary = {**levels[0], "levels": levels, "test_images": len(data.test)}
        gain = levels[0]["denoised_psnr"] - levels[0]["linear_psnr"]
        words = (
            f"The autoencoder is {gain:.1f} dB above the best that any linear method can do, and "
            "sees fresh noise in every batch. The report prints the PSNR on its pictures only; no "
            "figure of it can be set beside these."
        )
        return Findings(summary, [_table(levels, data)], [words], figures)


def _level(run: Run, data: ImageData) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
    """Scores one noise level; returns the first images of some methods as well."""
    from kerasae.model_outputs import outputs
    from kerasae.noise import TEST, VALIDATION, noisy_images, scoring_seed
    from kerasae.show.versions_figure import drawn_rows
    from kerasae.studies.denoisers import fit_baselines, mean_psnr

    experiment = run.experiment
    train, validation, _ = data.parts(experiment.validation_split)
    clip, sigma = experiment.clip_noise, experiment.sigma
    noisy = noisy_images(data.test, sigma, scoring_seed(experiment, TEST), clip)
    seed = scoring_seed(experiment, VALIDATION)
    baselines = fit_baselines(train.taken(), validation.taken(), sigma, clip=clip, seed=seed)
    scores: dict[str, Any] = {
        "sigma": sigma,
        "clip": clip,
        "noisy_psnr": run.metrics["noisy_psnr"],
        "denoised_psnr": run.metrics["test_psnr"],
    }
    drawn = drawn_rows(len(noisy))
    versions = {LABELS["noisy"]: noisy[drawn]}
    for baseline in baselines:
        output = baseline.filter(noisy)
        scores[f"{baseline.name}_psnr"] = mean_psnr(data.test, output)
        scores[f"{baseline.name}_parameter"] = baseline.parameter
        if baseline.name == "linear":
            versions[LABELS["linear"]] = output[drawn]
    versions[LABELS["denoised"]] = outputs(run.model, noisy[drawn])
    return scores, versions


def _heading(level: dict[str, Any]) -> str:
    return f"σ = {level['sigma']:g}{', clipped' if level['clip'] else ''}"


def _table(levels: list[dict[str, Any]], data: ImageData) -> Table:
    rows: list[list[Any]] = [[LABELS[m], *(one[f"{m}_psnr"] for one in levels)] for m in LABELS]
    for number in range(1, 1 + len(levels)):
        best = max(rows, key=lambda row: row[number])
        best[number] = Cell(best[number], "best")
    return Table(
        f"{data.title}: PSNR in dB",
        [Column(""), *(Column(_heading(level), ".2f") for level in levels)],
        rows,
        f"Mean over {len(data.test):,} test images.",
    )
