"""The shapes of the scores that files hold: of a run, and of each of its epochs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, Any, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from kerasae.errors import ArtifactError
from kerasae.experiment import Count
from kerasae.files.local_files import WrongShape, within
from kerasae.files.shapes import read_shape

# A network computes in float32; squares and sums of its scores stay finite.
_MOST = 3.5e38
Score = Annotated[float, Meta(ge=-_MOST, le=_MOST)]
NotBelowZero = Annotated[float, Meta(ge=0, le=_MOST)]
_SCORES = dict[str, Score | list[Score | None] | None]
_PARTS = ("train", "val", "test")


class RunScores(TypedDict, total=False):
    """What `metrics.json` holds beside other scores, each of which may be missing."""

    epochs: Count
    best_epoch: Annotated[int, Meta(ge=0, le=1_000_000)]
    extended_at: list[Count]
    seconds: NotBelowZero
    train_seconds: NotBelowZero
    images_per_second: NotBelowZero
    train_mse: NotBelowZero | None
    val_mse: NotBelowZero | None
    test_mse: NotBelowZero | None


class TrialScores(TypedDict):
    """What of it the ledger holds of every trial that is done, since tables are made of it."""

    test_mse: NotBelowZero
    test_psnr: Score
    seconds: NotBelowZero


class EpochScores(TypedDict):
    """What a row of `history.csv` holds beside other scores."""

    epoch: Count
    mse: NotBelowZero
    train_mse: NotRequired[NotBelowZero]
    val_mse: NotRequired[NotBelowZero]
    learning_rate: NotRequired[NotBelowZero]


class Scores(dict[str, Any]):
    """A run's scores by name; one that is missing is an error that names the file.

    Args:
        values: The scores.
        path: The file that they were read from.

    Example:

    >>> Scores({"test_mse": 0.1}, "metrics.json")["val_mse"]
    Traceback (most recent call last):
        ...
    kerasae.errors.ArtifactError: metrics.json: val_mse is missing; train the run again
    """

    def __init__(self, values: dict[str, Any], path: str | os.PathLike[str]) -> None:
        super().__init__(values)
        self._path = path

    def __missing__(self, name: str) -> Any:
        raise ArtifactError(f"{os.fspath(self._path)}: {name} is missing; train the run again")


def read_scores(values: Any, shape: Any = RunScores) -> dict[str, Any]:
    """Checks parsed JSON that has scores by name.

    Args:
        values: Parsed JSON.
        shape: Scores that have to be there: `TrialScores`, or `RunScores` for none.

    Raises:
        WrongShape: If it has another shape; the reason names the score.

    Example:

    >>> read_scores({"test_mse": "0.1"})
    Traceback (most recent call last):
        ...
    kerasae.files.local_files.WrongShape: test_mse: expected a number or null, received a text
    """
    scores: dict[str, Any] = read_shape(values, dict[str, Any])
    for known in dict.fromkeys((RunScores, shape)):
        read_shape(scores, known)
    # All at once, which is quick; one by one only to name the one that is wrong.
    try:
        msgspec.convert(scores, _SCORES)
    except msgspec.ValidationError:
        for name, value in scores.items():
            with within(name[:100]):
                one: Any = list[Score | None] if isinstance(value, list) else Score | None
                read_shape(value, one)
    for part in _PARTS:
        known = scores.get(f"{part}_mse") is not None
        if known and scores.get(f"{part}_psnr", 0) is None:
            raise WrongShape(f"{part}_psnr: received null beside an MSE; expected a number")
    return scores


def read_epochs(rows: Any) -> list[dict[str, float]]:
    """Checks parsed JSON that has the scores of each epoch, from the first.

    Raises:
        WrongShape: If it has another shape, or its rows hold different scores.

    Example:

    >>> read_epochs([{"epoch": 1, "mse": 0.1}, {"epoch": 3, "mse": 0.1}])
    Traceback (most recent call last):
        ...
    kerasae.files.local_files.WrongShape: epoch 2: is called 3
    """
    epochs: Sequence[Any] = read_shape(rows, list[Any])
    for number, row in enumerate(epochs, 1):
        with within(f"epoch {number}"):
            read_shape(row, EpochScores)
            read_shape(row, dict[str, Score])
            if row["epoch"] != number:
                raise WrongShape(f"is called {row['epoch']}")
            if row.keys() != epochs[0].keys():
                raise WrongShape("holds other scores than the first")
    return list(epochs)
