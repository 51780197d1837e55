"""The page of a reproduction: the report's every number beside ours, and in words why."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.environment import environment
from kerasae.reference import REPORT_MSE, nearest_of_report, title_of
from kerasae.show.report_page import PageContent, report_page
from kerasae.studies.reproduction import Part, Reproduction
from kerasae.studies.run_study import flat_settings
from kerasae.studies.study import settings_of
from kerasae.studies.study_page import study_section


def reproduction_page(result: Reproduction, folder: Path, command: str) -> str:
    """Builds `report.html` of a reproduction.

    Args:
        result: What was found.
        folder: The reproduction's folder, which has the figures.
        command: The command that made it.

    Returns:
        The page's HTML.

    Raises:
        ArtifactError: If a figure cannot be read.
    """
    answered = [part for part in result.parts if part.name in result.findings]
    content = PageContent(
        "A lab report on dense autoencoders, reproduced",
        _summary(result, answered),
        [
            study_section(
                part.study, title_of(part.dataset), result.findings[part.name], folder / part.name
            )
            for part in answered
        ],
        command,
        {
            **{part.name: flat_settings(settings_of(part.study)) for part in answered},
            "Versions": flat_settings(environment()),
        },
    )
    return report_page(content)


def _summary(result: Reproduction, parts: Sequence[Part]) -> list[str]:
    sweeps = {
        part.dataset: result.findings[part.name].summary
        for part in parts
        if part.study.label == "sweep"
    }
    names = " and ".join(title_of(dataset) for dataset in sweeps)
    paragraphs = [
        f"A laboratory report trained dense autoencoders on MNIST and Fashion-MNIST. This page "
        f"repeats its studies on {names} and compares the results with the report's. MSE is the "
        "mean over images and pixels in [0, 1]; PSNR is the mean over images, in dB. Our figures "
        "are for the test images, which were not used to choose anything."
    ]
    if any(dataset not in REPORT_MSE for dataset in sweeps):
        paragraphs.append(
            "These data are a small part of MNIST: the report's figures are shown for "
            "orientation, and a fair comparison needs the full data sets (without --quick)."
        )
    if sweeps:
        paragraphs += [_agreement(sweeps), _difference(sweeps)]
    if result.errors:
        paragraphs.append("Not finished: " + ", ".join(result.errors) + ".")
    return paragraphs


def _agreement(sweeps: Mapping[str, dict[str, Any]]) -> str:
    curves = [
        [cells[dim] for dim in sorted(cells)]
        for summary in sweeps.values()
        for cells in _test_mse(summary).values()
    ]
    falling = all(b < a for curve in curves for a, b in itertools.pairwise(curve))
    more = "the larger the latent dimension, the smaller the error, for every network"
    return (
        "Both find that "
        f"{more if falling else 'larger latent dimensions mostly have smaller errors'}, that the "
        "largest is the best, and that long training lowers the error further."
    )


def _difference(sweeps: Mapping[str, dict[str, Any]]) -> str:
    theirs, ratios, pairs = [], [], []
    for dataset, summary in sweeps.items():
        ours = _test_mse(summary)
        for name, values in REPORT_MSE[nearest_of_report(dataset)].items():
            for dim, mse in values.items():
                pca = summary["pca_test_mse"].get(str(dim), 1.0)
                theirs.append((mse > pca, mse > summary["mean_image_test_mse"]))
                if dim in ours.get(name, {}):
                    ratios.append(mse / ours[name][dim])
        basic, extended = (ours.get(name, {}) for name in ("basic", "extended"))
        pairs += [extended[dim] <= basic[dim] for dim in basic.keys() & extended.keys()]
    below_pca, below_mean = map(sum, zip(*theirs, strict=True))
    words = [
        f"They differ in this: {below_pca} of the report's {len(theirs)} figures are worse than "
        f"PCA with the same dimension, and {below_mean} are worse than predicting the mean "
        "training image for every input, which suggests that those networks were hardly trained."
    ]
    if ratios:
        words.append(f"Our errors are {min(ratios):.1f} to {max(ratios):.1f} times smaller.")
    if pairs:
        words += [
            f"The report concludes that the deeper network is worse; here it is at least as good "
            f"in {sum(pairs)} of {len(pairs)} comparisons."
        ]
    return " ".join(words)


def _test_mse(summary: Mapping[str, Any]) -> dict[str, dict[int, float]]:
    """Returns the test MSE by architecture and latent dimension."""
    cells: dict[str, dict[int, float]] = {}
    for row in summary["rows"]:
        cells.setdefault(row["architecture"], {})[row["latent_dim"]] = row["test_mse"]
    return cells
