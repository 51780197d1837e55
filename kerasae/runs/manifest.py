"""The manifest: checksums of what a finished run, sweep or study has left."""

from __future__ import annotations

import hashlib
import os
import re
import types
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TypedDict

from kerasae.anomaly.detector import DETECTOR
from kerasae.errors import ArtifactError
from kerasae.files.local_files import WrongShape, open_local, refusing
from kerasae.files.shapes import read_shape
from kerasae.files.whole_files import read_json, write_json
from kerasae.runs.run_files import (
    EXPERIMENT,
    HISTORY,
    MANIFEST,
    METRICS,
    MODEL,
    PICTURES,
    PLAN,
    REPRODUCTION,
    RESULTS,
    RUN,
    STUDY,
    SWEEP,
)

# What results are. Pages and figures are drawn anew, ledgers and checkpoints serve to go on.
_RESULTS = {
    DETECTOR, EXPERIMENT, HISTORY, METRICS, MODEL, PICTURES, PLAN, REPRODUCTION, RESULTS, RUN,
    STUDY, SWEEP,
}  # fmt: skip
_MOST_BYTES = 1 << 36
_MD = re.compile("[0-9a-f]{64}")
_ADVICE = "finish it with --resume, which leaves one"


class _Manifest(TypedDict):
    """What `manifest.json` holds: the SHA-256 of each file, by its path with `/`."""

    sha256: dict[str, str]


def write_manifest(
    folder: Path,
    earlier: Mapping[str, str] = types.MappingProxyType({}),
    trained: Collection[str] = (),
) -> None:
    """Writes the manifest of what is finished.

    Args:
        folder: The folder of a run, sweep or study, which this process owns.
        earlier: What `forget_manifest` returned; trials that it has are not read again.
        trained: Names of the trials that were trained since then, which are.

    Raises:
        ArtifactError: If a file cannot be read, or the manifest cannot be written.
    """
    sums: dict[str, str] = {}
    for place, names in _results_in(folder):
        known = earlier if place and place.split("/")[-2] not in trained else {}
        for path in (f"{place}{name}" for name in names):
            sums[path] = known.get(path) or _sum_of(folder, path)
    write_json(folder / MANIFEST, {"sha256": sums})


def forget_manifest(folder: Path) -> Mapping[str, str]:
    """Takes the manifest away while what it is of goes on, and returns its checksums."""
    try:
        return read_manifest(folder)
    except ArtifactError:
        return {}
    finally:
        (folder / MANIFEST).unlink(missing_ok=True)


def read_manifest(folder: Path) -> Mapping[str, str]:
    """Reads the checksums, by the path of each file with `/`.

    Raises:
        ArtifactError: If there is none, or it is damaged.
    """
    path = folder / MANIFEST
    if folder.is_dir() and not os.path.lexists(path):
        raise ArtifactError(f"{folder}: holds no {MANIFEST}; {_ADVICE}")
    content = read_json(path)
    with refusing(path, ArtifactError, f"take it away, then {_ADVICE}"):
        sums = read_shape(content, _Manifest)["sha256"]
        for name, digest in sums.items():
            *places, file = name.split("/")
            inside = not {"", ".", ".."}.intersection(places) and "\\" not in name
            if not inside or file not in _RESULTS or not _MD.fullmatch(digest):
                raise WrongShape(f"{name[:100]!r}: expected a result in the folder and its SHA-256")
    return sums


def changes_in(folder: Path) -> list[str]:
    """Compares the files with the manifest.

    Returns:
        A line for each file that is missing, cannot be read or is another one than was left.

    Raises:
        ArtifactError: If there is no manifest, or it is damaged.
    """
    lines = []
    for name, digest in read_manifest(folder).items():
        if not os.path.lexists(folder / name):
            lines.append(f"{name} is missing")
            continue
        try:
            same = _sum_of(folder, name) == digest
        except ArtifactError as error:
            lines.append(str(error))
        else:
            if not same:
                lines.append(f"{name} does not match its checksum")
    return lines


def _results_in(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Finds the results in a folder and below: each place, with a `/` at its end, and its files."""
    for place, below, names in os.walk(folder):
        below.sort()
        inside = place[len(os.fspath(folder)) :].replace(os.sep, "/").strip("/")
        yield f"{inside}/" if inside else "", sorted(_RESULTS.intersection(names))


def _sum_of(folder: Path, name: str) -> str:
    # Thousands of them are joined so in a fraction of pathlib's time.
    path = os.path.join(folder, name)
    with (
        refusing(path, ArtifactError, "train the run again"),
        open_local(path, _MOST_BYTES, follow_symlinks=False) as file,
    ):
        digest = hashlib.sha256()
        while part := file.read(1 << 20):
            digest.update(part)
        return digest.hexdigest()
