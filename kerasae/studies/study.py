"""What the studies of the report have in common: trials, run together, and what they give."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import msgspec

from kerasae.errors import InvalidSetting
from kerasae.experiment import Experiment
from kerasae.files.shapes import checked, fields_of
from kerasae.show.table import Table
from kerasae.trials.trial import Trial, name_part

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kerasae.data.image_data import ImageData
    from kerasae.runs.run import Run
    from kerasae.trials.running import Bases


@dataclasses.dataclass(frozen=True)
class Results:
    """What the trials of a study left.

    Args:
        runs: The finished runs by the trial's name, in the order of the trials; failed ones are
            missing.
        data: The data set.
        bases: The fitted PCA by data set and validation split.
    """

    runs: Mapping[str, Run]
    data: ImageData
    bases: Bases


@dataclasses.dataclass(frozen=True)
class StudyFigure:
    """A figure of a study.

    Args:
        drawn: The figure.
        words: The figure in words, without a stop.
    """

    drawn: Figure
    words: str


@dataclasses.dataclass(frozen=True)
class Findings:
    """What a study found.

    Args:
        summary: The numbers, as plain JSON values.
        tables: The same for a person, beside the report's.
        words: What it means, in paragraphs.
        figures: Figures by the stem of their file's name.
    """

    summary: dict[str, Any]
    tables: list[Table]
    words: list[str]
    figures: dict[str, StudyFigure]


@dataclasses.dataclass(frozen=True)
class Study(abc.ABC):
    """A question that some trials on one data set answer.

    A study has lists of its own after `base`. Its class says what its command is called
    (`name`), what it is about (`title`), which settings of `base` it sets itself (`varies`) and
    which settings it starts from on a data set (`start`).

    Args:
        base: The settings that the trials share.

    Raises:
        InvalidSetting: If a list is empty or names a value twice, a value is out of range, or
            no images are held out to choose by.
    """

    base: Experiment
    name: ClassVar[str]
    title: ClassVar[str]
    varies: ClassVar[tuple[str, ...]] = ()
    start: ClassVar[Callable[[str], Experiment]] = Experiment

    def __post_init__(self) -> None:
        for name, field in fields_of(type(self)).items():
            value = checked(name, getattr(self, name), field.shape)
            object.__setattr__(self, name, value)
            if isinstance(value, tuple) and len(set(value)) != len(value):
                raise InvalidSetting(name, list(value), "no value twice")
        self.base.check_validation()
        self.trials()

    @classmethod
    def of(cls, dataset: str, **lists: Any) -> Self:
        """Starts the study of a data set.

        Args:
            dataset: The data set.
            lists: The study's own settings, such as its lists; the others are its defaults.
        """
        return cls(cls.start(dataset), **lists)

    @property
    def label(self) -> str:
        """Its name in files and folders."""
        return self.name

    def resolved(self, data: ImageData) -> Self:
        """Returns it with the settings that follow from its data, which its plan records.

        Raises:
            InvalidSetting: If a batch is larger than the training set, or the study is not
                one of such images.
        """
        return dataclasses.replace(self, base=data.resolved(self.base))

    def data_sets(self, data: ImageData) -> dict[str, ImageData]:
        """Returns what the trials train on, by the name that they have for it."""
        return {data.name: data}

    @abc.abstractmethod
    def trials(self) -> Sequence[Trial]:
        """Returns the trials, with names of their own within the study."""

    @abc.abstractmethod
    def findings(self, results: Results) -> Findings:
        """Answers the question from what the trials left.

        Raises:
            KerasAEError: If too many of them failed.
        """


def trials_over(base: Experiment, setting: str, values: Iterable[Any], prefix: str) -> list[Trial]:
    """Returns a trial for each value of a setting, named by it.

    Example:

    >>> [trial.name for trial in trials_over(Experiment(), "l1", [0.1, 0.2], "lasso-")]
    ['lasso-0.1', 'lasso-0.2']
    """
    return [
        Trial(f"{prefix}{name_part(value)}", dataclasses.replace(base, **{setting: value}))
        for value in values
    ]


def settings_of(study: Study) -> dict[str, Any]:
    """Returns every setting of a study as plain JSON values.

    Example:

    >>> from kerasae.studies.overfitting import OverfitStudy
    >>> settings_of(OverfitStudy(Experiment(latent_dim=7)))["base"]["latent_dim"]
    7
    """
    settings: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(study))
    return settings
