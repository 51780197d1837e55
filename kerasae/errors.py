"""The one family of errors that kerasae raises."""

from typing import Any

_MOST_CHARACTERS = 1000


def printable(text: str) -> str:
    r"""Spells out line breaks, terminal codes and whatever else is not printed as itself.

    Example:

    >>> print(printable("a\nb\x1b[2J"))
    a\nb\x1b[2J
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class KerasAEError(Exception):
    """Base of every error that kerasae raises on purpose.

    The message is one line: what was received, what was expected, what to do. It may quote
    file names and contents of untrusted files, so line breaks and terminal codes are spelled out.

    Args:
        message: The message.

    Example:

    >>> print(KerasAEError("a\\nb: not a file"))
    a\\nb: not a file
    """

    def __init__(self, message: str) -> None:
        line = printable(message)
        if len(line) > _MOST_CHARACTERS:
            line = f"{line[: _MOST_CHARACTERS // 2]} … {line[-_MOST_CHARACTERS // 2 :]}"
        super().__init__(line)

    def __reduce__(self) -> tuple[Any, ...]:
        # By its finished message: a subclass is made of other arguments.
        return type(self).__new__, (type(self), *self.args), self.__dict__


class LateError(KerasAEError):
    """What went wrong after the input had been accepted."""


class InvalidSetting(KerasAEError, ValueError):
    """A setting lies outside its range.

    Args:
        name: Name of the setting.
        received: The value that was given.
        expected: What is accepted, in words.

    Attributes:
        setting: The name.
        received: The value.
        expected: What is accepted.

    Example:

    >>> str(InvalidSetting("latent_dim", 0, "a whole number of at least 1, such as 30"))
    'latent_dim: received 0; expected a whole number of at least 1, such as 30'
    """

    def __init__(self, name: str, received: object, expected: str) -> None:
        super().__init__(f"{name}: received {received!r}; expected {expected}")
        self.setting, self.received, self.expected = name, received, expected


class MemoryExceeded(KerasAEError):
    """What is asked for would take more memory than is free."""


class DataError(KerasAEError):
    """A data set is missing, damaged or not what its name says."""


class ModelFileError(KerasAEError):
    """A model file is missing, damaged, or asks for more than it is allowed to."""


class ArtifactError(KerasAEError):
    """A run folder cannot be written, or holds something else."""


class DiskFull(ArtifactError, LateError):
    """There was no room for a file, or the disk failed; what was there before still is."""


class DamagedFile(ArtifactError):
    """A file of a run is not what was written; the one before it may be whole."""


class ClusterLost(LateError):
    """The cluster that trials were running on does not answer any more."""


class TrackingError(LateError):
    """A finished run could not be logged where it was asked to."""


class VerificationFailed(LateError):
    """What is there, or what came out again, is not what was recorded."""


class TrainingDiverged(LateError):
    """The training loss stopped being a finite number."""


class KerasAEWarning(UserWarning):
    """Something was wrong, and what was done instead."""


class MissingExtra(KerasAEError):
    """An optional library is not installed."""
