"""The denoising study: a network against the classical methods, by PSNR."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from kerasae.data.image_data import ImageData, validation_rows
from kerasae.data.pixels import as_floats
from kerasae.errors import InvalidSetting, KerasAEError
from kerasae.experiment import Experiment
from kerasae.model_outputs import outputs
from kerasae.noise import TEST, VALIDATION, noisy_images, scoring_seed
from kerasae.presets import SIGMA
from kerasae.runs.run import Run
from kerasae.show.versions_figure import drawn_rows, versions_figure
from kerasae.studies.denoisers import BASELINES, fit_baselines, mean_psnr
from kerasae.studies.study import Findings
from kerasae.trials.running import Bases
from kerasae.trials.trial import Trial, name_part

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
class DenoisingStudy:
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

    base: Experiment
    sigmas: tuple[float, ...] = (SIGMA,)

    def __post_init__(self) -> None:
        if not self.sigmas or len(set(self.sigmas)) != len(self.sigmas):
            raise InvalidSetting("sigma", list(self.sigmas), "at least one, all different")
        for sigma in self.sigmas:
            if not sigma > 0:
                raise InvalidSetting("sigma", sigma, "a finite number above 0, such as 0.6")
        self.base.check_validation()
        self.trials()

    @property
    def name(self) -> str:
        """`denoise`, or `denoise-clipped` where the noisy images are clipped."""
        return "denoise-clipped" if self.base.clip_noise else "denoise"

    def trials(self) -> list[Trial]:
        """Returns a trial per noise level."""
        return [
            Trial(f"sigma{name_part(sigma)}", dataclasses.replace(self.base, sigma=sigma))
            for sigma in self.sigmas
        ]

    def settings(self) -> dict[str, Any]:
        """Returns every setting as plain JSON values."""
        return {"base": self.base.to_dict(), "sigmas": list(self.sigmas)}

    def findings(self, runs: Mapping[str, Run], data: ImageData, bases: Bases) -> Findings:
        """Scores every method on the same noisy test images, by the mean per-image PSNR."""
        finished = {
            trial.experiment.sigma: (trial.experiment, runs[trial.name])
            for trial in self.trials()
            if trial.name in runs
        }
        if not finished:
            raise KerasAEError("no denoiser was trained; expected at least one, see the errors")
        levels, figures = [], {}
        for sigma, (experiment, run) in finished.items():
            scores, versions = _level(experiment, run, data)
            levels.append(scores)
            clean = as_floats(data.test[drawn_rows(len(data.test))])
            title = f"{data.title}, σ = {sigma:g}{', clipped' if experiment.clip_noise else ''}"
            figures[f"denoise-sigma{name_part(sigma)}"] = versions_figure(clean, versions, title)
        # The first level's scores stand at the top as well, for the usual case of one.
        summary = {**levels[0], "levels": levels, "test_images": len(data.test)}
        return Findings(summary, [_table(levels, data.title)], figures)


def _level(
    experiment: Experiment, run: Run, data: ImageData
) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
    """Scores one noise level; returns the first images of some methods as well."""
    train_rows, held_out = validation_rows(len(data.train), experiment.validation_split)
    clip, sigma = experiment.clip_noise, experiment.sigma
    noisy = noisy_images(data.test, sigma, scoring_seed(experiment, TEST), clip)
    baselines = fit_baselines(
        data.train[train_rows],
        data.train[held_out],
        sigma,
        clip=clip,
        seed=scoring_seed(experiment, VALIDATION),
    )
    scores: dict[str, Any] = {
        "sigma": sigma,
        "clip": clip,
        "noisy_psnr": run.metrics["noisy_psnr"],
        "denoised_psnr": run.metrics["test_psnr"],
    }
    drawn = drawn_rows(len(noisy))
    versions = {LABELS["noisy"]: noisy[drawn]}
    for baseline in baselines:
        output = baseline.denoise(noisy)
        scores[f"{baseline.name}_psnr"] = mean_psnr(data.test, output)
        scores[f"{baseline.name}_parameter"] = baseline.parameter
        if baseline.name == "linear":
            versions[LABELS["linear"]] = output[drawn]
    versions[LABELS["denoised"]] = outputs(run.model, noisy[drawn])
    return scores, versions


def _table(levels: list[dict[str, Any]], dataset: str) -> Table:
    table = Table(title=f"{dataset}: PSNR in dB, mean over the test images")
    table.add_column("")
    for level in levels:
        clipped = ", clipped" if level["clip"] else ""
        table.add_column(f"σ = {level['sigma']:g}{clipped}", justify="right")
    for name in ("noisy", *BASELINES, "denoised"):
        cells = [f"{level[f'{name}_psnr']:.2f}" for level in levels]
        table.add_row(LABELS[name], *cells, style="bold green" if name == "denoised" else None)
    return table
