"""A trial: a training run of a sweep or study, and its name."""

import dataclasses

from kerasae.experiment import Experiment


@dataclasses.dataclass(frozen=True)
class Trial:
    """One training run of a sweep or study: a name for its folder and the settings."""

    name: str
    experiment: Experiment


def name_part(value: float) -> str:
    """Writes a setting for a trial's name: short, but so that no two values have the same.

    Example:

    >>> name_part(0.003), name_part(1.0), name_part(0.0010000001)
    ('0.003', '1', '0.0010000001')
    """
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
