"""The page of a study: what it found in words, its tables and its figures."""

from pathlib import Path

from kerasae.environment import environment
from kerasae.reference import title_of
from kerasae.show.report_page import PageContent, PageFigure, PageSection, report_page
from kerasae.studies.run_study import flat_settings
from kerasae.studies.study import Findings, Study, settings_of


def study_section(study: Study, dataset: str, findings: Findings, folder: Path) -> PageSection:
    """Returns the part of a page that a study is.

    Args:
        study: The study.
        dataset: Title of its data set.
        findings: What it found.
        folder: Where its figures are.

    Raises:
        ArtifactError: If a figure cannot be read.
    """
    clipped = ", clipped to [0, 1]" if study.base.clip_noise else ""
    figures = [
        PageFigure.read(folder / f"{stem}.svg", f"{dataset}: {figure.words}.")
        for stem, figure in findings.figures.items()
    ]
    title = f"{dataset}: {study.title}{clipped}"
    return PageSection(title, findings.words, findings.tables, figures)


def study_page(study: Study, dataset: str, findings: Findings, folder: Path, command: str) -> str:
    """Builds the page of one study.

    Args:
        study: The study.
        dataset: Title of its data set.
        findings: What it found.
        folder: Where its figures are.
        command: The command that made it.

    Returns:
        The page's HTML.

    Raises:
        ArtifactError: If a figure cannot be read.
    """
    section = study_section(study, title_of(dataset), findings, folder)
    facts = {
        "Settings": flat_settings(settings_of(study)), "Versions": flat_settings(environment()),
    }  # fmt: skip
    return report_page(PageContent(section.title, [], [section], command, facts))
