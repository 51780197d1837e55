"""The one family of errors that kerasae raises."""

from __future__ import annotations


class KerasAEError(Exception):
    """Base of every error that kerasae raises on purpose.

    The message is one line: what was received, what was expected, what to do.
    """


class InvalidSetting(KerasAEError, ValueError):
    """A setting lies outside its range.

    Args:
        name: Name of the setting.
        received: The value that was given.
        expected: What is accepted, in words.

    Example:

    >>> str(InvalidSetting("latent_dim", 0, "a whole number of at least 1, such as 30"))
    'latent_dim: received 0; expected a whole number of at least 1, such as 30'
    """

    def __init__(self, name: str, received: object, expected: str) -> None:
        super().__init__(f"{name}: received {received!r}; expected {expected}")


class DataError(KerasAEError):
    """A data set is missing, damaged or not what its name says."""


class ArtifactError(KerasAEError):
    """A run folder cannot be written, or holds something else."""


class TrainingDiverged(KerasAEError):
    """The training loss stopped being a finite number."""
