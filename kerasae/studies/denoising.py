"""The denoising study: a network against the classical methods, by PSNR."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from msgspec import Meta

from kerasae.errors import InvalidSetting, KerasAEError
from kerasae.experiment import DATA, MOST_SIGMA, SIGMA_HINT, Experiment
from kerasae.presets import SIGMA, denoiser
from kerasae.reference import REPORT_MSE, nearest_of_report
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
# The same where they stand above columns.
_HEADINGS = ("noisy", "blur", "Wiener", "TV", "NLM", "PCA", "linear", "ours")


@dataclasses.dataclass(frozen=True)
class DenoisingStudy(Study):
    """Trains a denoiser for each noise level and sets it beside the classical methods.

    Args:
        base: The settings; `sigma` is replaced.
        sigmas: Standard deviations of the noise, each above 0 and at most 3, all different.

    Raises:
        InvalidSetting: If there is no sigma, one is out of range or comes twice, or no images
            are held out, by which the baselines choose their parameters.

    Example:

    >>> [trial.name for trial in DenoisingStudy(Experiment(), (0.6, 0.3)).trials()]
    ['sigma0.6', 'sigma0.3']
    """

    sigmas: Annotated[
        tuple[
            Annotated[
                float,
                Meta(
                    gt=0,
                    le=MOST_SIGMA,
                    extra={"expected": f"a number above 0 and at most {MOST_SIGMA}, {SIGMA_HINT}"},
                ),
            ],
            ...,
        ],
        Meta(
            min_length=1,
            description="Standard deviation of the noise; 0.1,0.3, say, trains one for each.",
            extra={"flags": ("--sigma",), "repeat": True, "about": DATA},
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
        """Checks that there are test images as well, by which the methods are scored."""
        if not len(data.test):
            raise InvalidSetting("test images", 0, "one or more, to score the methods by")
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
                "Test images, the same with noise, and denoised by PCA, by the best classical "
                "method and by the autoencoder, each with its PSNR; beside each row the mean of "
                "these few, in the table that of all",
            )
        # The first level's scores stand at the top as well, for the usual case of one.
        summary = {**levels[0], "levels": levels, "test_images": len(data.test)}
        return Findings(summary, [_table(levels, data)], [_words(levels, data)], figures)


def _level(run: Run, data: ImageData) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
    """Scores one noise level; returns some images of the methods to draw as well."""
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
    versions = {"noisy": noisy[drawn]}
    for baseline in baselines:
        output = baseline.filter(noisy)
        scores[f"{baseline.name}_psnr"] = mean_psnr(data.test, output)
        scores[f"{baseline.name}_parameter"] = baseline.parameter
        versions[baseline.name] = output[drawn]
    versions["denoised"] = outputs(run.model, noisy[drawn])
    shown = dict.fromkeys(("noisy", "pca", _best_classical(scores), "denoised"))
    return scores, {LABELS[name]: versions[name] for name in shown}


def _best_classical(level: dict[str, Any]) -> str:
    from kerasae.studies.denoisers import BASELINES

    return max(BASELINES, key=lambda name: level[f"{name}_psnr"])


def _words(levels: list[dict[str, Any]], data: ImageData) -> str:
    best = [_best_classical(level) for level in levels]
    gains = [
        level["denoised_psnr"] - level[f"{name}_psnr"]
        for level, name in zip(levels, best, strict=True)
    ]
    compared = ", ".join(
        f"{abs(gain):.1f} dB {'better' if gain >= 0 else 'worse'} at σ = {level['sigma']:g} "
        f"({LABELS[name]})"
        for level, name, gain in zip(levels, best, gains, strict=True)
    )
    words = (
        f"Compared with the best classical method, the autoencoder is {compared}. It sees fresh "
        "noise in every batch."
    )
    if min(gains) < 0:
        words += " It needs many training images; the filters need none."
    if nearest_of_report(data.name) in REPORT_MSE:
        words += (
            " The report gives the PSNR of single pictures only, so its figures cannot be compared "
            "with these."
        )
    return words


def _heading(level: dict[str, Any]) -> str:
    return f"σ = {level['sigma']:g}{', clipped' if level['clip'] else ''}"


def _table(levels: list[dict[str, Any]], data: ImageData) -> Table:
    title, note = f"{data.title}: PSNR in dB", f"Mean over {len(data.test):,} test images."
    lines = []
    for level in levels:
        scores = [level[f"{name}_psnr"] for name in LABELS]
        best = scores.index(max(scores))
        lines.append([*scores[:best], Cell(scores[best], "best"), *scores[best + 1 :]])
    if len(levels) == 1:
        columns = [Column(""), Column(_heading(levels[0]), ".2f")]
        rows = zip(LABELS.values(), lines[0], strict=True)
        return Table(title, columns, [[*row] for row in rows], note)
    columns = [Column("σ", "g"), *(Column(heading, ".2f") for heading in _HEADINGS)]
    clipped = " Noisy images are clipped." if levels[0]["clip"] else ""
    return Table(
        title,
        columns,
        [[level["sigma"], *line] for level, line in zip(levels, lines, strict=True)],
        f"{note}{clipped} Blur: Gaussian; TV: total variation; NLM: non-local means; "
        "linear: the best linear estimator.",
    )
