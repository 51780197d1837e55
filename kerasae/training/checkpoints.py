"""Checkpoints of a training run: whole or not there, and checked when they are read.

A file holds one line of JSON (what it belongs to, the state, and the name, type and shape of
each array), the arrays' bytes, and the SHA-256 of all that. The newest two are kept, each under
a name of its own, so there is no moment at which neither is in place.
"""

import dataclasses
import hashlib
import itertools
import json
import math
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from kerasae.errors import DamagedFile, KerasAEWarning
from kerasae.experiment import Count
from kerasae.files.bounded_json import parse_json
from kerasae.files.local_files import Refused, WrongShape, read_local, refusing, within
from kerasae.files.shapes import read_shape
from kerasae.files.whole_files import remove_unfinished, replacing
from kerasae.identity import Identity, RecordedIdentity, Whole, check_same, flat
from kerasae.recorded_scores import NotBelowZero, read_epochs

_FORMAT = "kerasae-checkpoint-1"
_NUMBERS = r"^[<>|]([iu][1248]|f[248]|b1)$"
CHECKPOINTS_KEPT = 2
_NAME = re.compile(r"checkpoint-(\d{6,})")
BEST = "best/"
Shapes = Mapping[str, tuple[int, ...]]
_DIGEST = hashlib.sha256().digest_size
# Weights, their best and two of each for the optimizer: more than any model that is accepted.
_MOST_BYTES = 1 << 36
_MOST_DEPTH = 64


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A run after some epochs.

    Args:
        epochs: Epochs done.
        belongs_to: The identity of the run, as plain JSON values.
        state: Everything else that is no array, as plain JSON values.
        arrays: Weights and the like, by name.
    """

    epochs: int
    belongs_to: dict[str, Any]
    state: dict[str, Any]
    arrays: dict[str, NDArray]


class Checkpoints:
    """The checkpoints of one run, in its folder.

    Args:
        folder: The run's folder; made with the first checkpoint.
        identity: What the run is; checkpoints of other settings, data or code are refused.
        more_epochs: Whether checkpoints of fewer epochs in all are accepted too.
    """

    def __init__(self, folder: Path, identity: Identity, *, more_epochs: bool = False) -> None:
        self._folder = folder
        self._identity = identity
        self._more_epochs = more_epochs

    def save(self, epochs: int, state: Mapping[str, Any], arrays: Mapping[str, NDArray]) -> Path:
        """Writes a checkpoint beside the others and moves it into place.

        Args:
            epochs: Epochs done.
            state: Plain JSON values.
            arrays: Arrays by name, of plain number types.

        Returns:
            Its file.

        Raises:
            ArtifactError: If it cannot be written; the earlier ones are then as they were.
        """
        path = self._folder / f"checkpoint-{epochs:06d}"
        header = {
            "format": _FORMAT,
            "epochs": epochs,
            "belongs_to": self._identity.to_dict(),
            "state": state,
            "arrays": [[name, a.dtype.str, list(a.shape)] for name, a in arrays.items()],
        }
        digest = hashlib.sha256()
        with replacing(path) as temporary, temporary.open("wb") as file:
            first = json.dumps(header, separators=(",", ":")).encode() + b"\n"
            # Not the bytes of all arrays at once.
            for part in itertools.chain([first], map(np.ndarray.tobytes, arrays.values())):
                digest.update(part)
                file.write(part)
            file.write(digest.digest())
        self.clear(keep=CHECKPOINTS_KEPT)
        return path

    def latest(self, shapes: Shapes | None = None) -> Checkpoint | None:
        """Reads the newest checkpoint that is whole; warns of each that is not.

        Args:
            shapes: The shapes of the arrays that it has to hold, by name; `None` takes any.

        Returns:
            The checkpoint, or `None` when there is none.

        Raises:
            ArtifactError: If it belongs to a run of other settings, data or code.
        """
        remove_unfinished(self._folder)
        for path in self._files():
            try:
                checkpoint = read_checkpoint(path)
                grows = ("epochs",) if self._more_epochs else ()
                check_same(path, flat(checkpoint.belongs_to), self._identity.flat(), grows)
                if shapes is not None:
                    _check_shapes(path, checkpoint.arrays, shapes)
            except DamagedFile as error:
                warnings.warn(
                    f"{error}; going on from the one before it", KerasAEWarning, stacklevel=2
                )
                continue
            return checkpoint
        return None

    def clear(self, *, keep: int = 0) -> None:
        """Removes the checkpoints but the newest few."""
        for path in self._files()[keep:]:
            path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        """The newest first."""
        paths = self._folder.glob("checkpoint-*")
        numbered = [(int(name[1]), path) for path in paths if (name := _NAME.fullmatch(path.name))]
        return [path for _, path in sorted(numbered, reverse=True)]


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint and checks its hash.

    Raises:
        DamagedFile: If it cannot be read, is cut off, or its hash is not that of its content.
    """
    with refusing(path, DamagedFile, "it is not used"):
        content = read_local(path, _MOST_BYTES, follow_symlinks=False)
    body, digest = content[:-_DIGEST], content[-_DIGEST:]
    if hashlib.sha256(body).digest() != digest:
        raise DamagedFile(f"{path}: is damaged (its SHA-256 is not the recorded one)")
    first, _, data = body.partition(b"\n")
    try:
        return _parse(parse_json(first, _MOST_DEPTH), data)
    except (Refused, ValueError, TypeError) as error:
        raise DamagedFile(f"{path}: is no checkpoint of this version ({error})") from error


def _check_shapes(path: Path, arrays: Mapping[str, NDArray], shapes: Shapes) -> None:
    held = {name: array.shape for name, array in arrays.items()}
    if not any(name.startswith(BEST) for name in held):
        # The best weights are left out where they are the newest.
        shapes = {name: one for name, one in shapes.items() if not name.startswith(BEST)}
    if held != shapes:
        wrong = next(name for name in {**shapes, **held} if held.get(name) != shapes.get(name))
        received, wanted = held.get(wrong), shapes.get(wrong)
        raise DamagedFile(f"{path}: {wrong} is of the shape {received}, the network's is {wanted}")


class _Best(msgspec.Struct, frozen=True):
    """The best epoch so far; see `best_epoch.BestEpoch.state`."""

    epoch: Whole
    mse: NotBelowZero | None
    wait: Whole
    stopped: bool


class _State(msgspec.Struct, frozen=True):
    """What is no array; see `state.TrainingState`."""

    history: list[Any]
    extended_at: list[Count]
    seconds: NotBelowZero
    throughput: tuple[Count, NotBelowZero]
    best: _Best


class _Header(msgspec.Struct, frozen=True):
    """The first line."""

    format: Literal["kerasae-checkpoint-1"]
    epochs: Count
    belongs_to: dict[str, Any]
    state: dict[str, Any]
    arrays: list[tuple[str, Annotated[str, Meta(pattern=_NUMBERS)], list[Whole]]]


def _parse(values: Any, data: bytes) -> Checkpoint:
    header = read_shape(values, _Header)
    belongs_to = read_shape(header.belongs_to, RecordedIdentity)
    with within("state"):
        history = read_epochs(read_shape(header.state, _State).history)
        if len(history) != header.epochs:
            raise WrongShape(f"history: holds {len(history)} epochs; expected {header.epochs}")
        if belongs_to["experiment"].get("validation_split") and "val_mse" not in history[0]:
            raise WrongShape("history: val_mse is missing")
    arrays, start = {}, 0
    for name, kind, shape in header.arrays:
        dtype, count = np.dtype(kind), math.prod(shape)
        if start + count * dtype.itemsize > len(data):
            raise WrongShape(f"arrays: {name} is longer than the file")
        arrays[name] = np.frombuffer(data, dtype, count, start).reshape(shape)
        start += count * dtype.itemsize
    return Checkpoint(header.epochs, header.belongs_to, header.state, arrays)
