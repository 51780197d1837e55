"""Checks the HDF5 file of weights inside a model, in a process that may crash over it."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

from kerasae.files.local_files import Refused
from kerasae.safety import weights_walk

_SECONDS = 300


@dataclasses.dataclass(frozen=True)
class WeightsFile:
    """What a file of weights holds.

    Args:
        model: How many numbers belong to the model.
        optimizer: How many are an optimizer's state.
    """

    model: int
    optimizer: int


def check_weights(path: Path) -> WeightsFile:
    """Walks an HDF5 file and reads all of it, in another process.

    Refused are links to elsewhere (external, soft, virtual, stored outside), an object linked
    twice, filters, numbers stored in pieces, other types than numbers, and more numbers than
    the file has room for.

    Args:
        path: A private copy of the file.

    Returns:
        How much it holds.

    Raises:
        Refused: If a rule is broken, or the HDF5 library crashes over the file.
    """
    # The same packages as here; -P keeps the script's and the current folder out of the way.
    places = os.pathsep.join(os.path.abspath(place) for place in sys.path if place)
    command = [sys.executable, "-P", weights_walk.__file__, str(path)]
    # Without threads for linear algebra, which would take of the memory allowed.
    environment = {**os.environ, "PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Refused(f"{path.name}: the HDF5 library spent {_SECONDS} s on it") from None
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise Refused(
            f"{path.name}: the HDF5 library gave up on it (exit {done.returncode}); it is damaged"
        ) from None
    if "refused" in found:
        raise Refused(f"{path.name}: {found['refused']}")
    return WeightsFile(**found)
