"""Checks the HDF5 file of weights inside a model, in a process that may crash over it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from kerasae.files.local_files import Refused
from kerasae.safety import weights_walk

_SECONDS = 300


def count_weights(path: Path) -> int:
    """Walks an HDF5 file and reads all of it, in another process.

    Refused are links to elsewhere (external, soft, virtual, stored outside), an object linked
    twice, filters, numbers stored in pieces, other types than numbers, and more numbers than
    the file has room for.

    Args:
        path: A private copy of the file.

    Returns:
        How many numbers in it belong to the model; those of an optimizer do not.

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
        outcome = json.loads(done.stdout)
    except ValueError:
        raise Refused(
            f"{path.name}: the HDF5 library gave up on it (exit {done.returncode}); it is damaged"
        ) from None
    if "refused" in outcome:
        raise Refused(f"{path.name}: {outcome['refused']}")
    weights: int = outcome["weights"]
    return weights
