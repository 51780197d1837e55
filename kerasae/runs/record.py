"""What a run was made of: its data, the command, the date, the versions and the machine."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasae.data.image_data import ImageData
from kerasae.data.named_sets import DATASETS
from kerasae.environment import environment
from kerasae.errors import ArtifactError
from kerasae.experiment import PathName, Positive
from kerasae.files.local_files import refusing
from kerasae.files.shapes import read_shape
from kerasae.files.whole_files import read_json
from kerasae.identity import Whole
from kerasae.precision import WAYS
from kerasae.runs.run_files import RUN, STUDY, SWEEP, TRIALS


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """What `run.json` holds, and `sweep.json` and `study.json` beside other things.

    Args:
        dataset: Name of the data set, or the absolute path of images of your own.
        data_md5: Checksums of the data set; see `ImageData.checksums`.
        images: Number of images to train on and to test, those held out among the former.
        image_shape: Height and width, and 3 where they have colours.
        command: The command that began it; `None` where it was begun in Python.
        date: When it was begun, in ISO 8601.
        versions: Version of Python and of each package that decides results.
        machine: Its processor's kind.
        cores: Number of cores.
        processor: Its processor's model; `None` where it does not tell.
        threads: Threads that a fit computes with; `None` is one per core.
        instructions: The processor's best instruction set; see `environment.instruction_set`.
        way: How the steps are computed; see `precision.WAYS`.
        white: The number that is white in images of your own; `None` where that is 255, or 1.0 of
            floats.
    """

    dataset: PathName | None = None
    data_md5: tuple[str, ...] = ()
    images: tuple[Whole, ...] = ()
    image_shape: tuple[Whole, ...] = ()
    command: str | None = None
    date: str | None = None
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    machine: str | None = None
    cores: Whole | None = None
    processor: str | None = None
    threads: Whole | None = None
    instructions: str | None = None
    way: str | None = None
    white: Positive | None = None

    @classmethod
    def of(
        cls,
        data: ImageData,
        precision: str | None = None,
        command: str | None = None,
        threads: int | None = None,
    ) -> RunRecord:
        """Makes the record of what begins now.

        Args:
            data: The images.
            precision: In which it computes.
            command: The command, as a shell takes it.
            threads: Threads that it computes with; `None` is one per core.

        Example:

        >>> import numpy as np
        >>> record = RunRecord.of(ImageData.from_arrays(np.zeros((10, 4, 6), np.uint8)))
        >>> record.dataset, record.images, record.image_shape
        ('array', (10, 0), (4, 6))
        """
        own = data.name not in DATASETS and os.path.exists(data.name)
        return cls(
            os.path.abspath(data.name) if own else data.name,
            data.checksums(),
            (len(data.train), len(data.test)),
            data.train.shape[1:],
            command,
            datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            way=WAYS.get(precision or ""),
            white=data.white,
            threads=threads,
            **environment(),
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns all of it as plain JSON values."""
        return dataclasses.asdict(self)


def check_computing(place: object, there: Mapping[str, Any], precision: str | None) -> None:
    """Checks that what was begun can go on here as it was computed until then.

    Args:
        place: Its folder, for the message.
        there: What is recorded of it; what an older version has recorded tells nothing of this.
        precision: In which it computes.

    Raises:
        ArtifactError: If it was computed with other instructions or in another way.

    Example:

    >>> check_computing("run", {"way": "by hand"}, "float32")
    Traceback (most recent call last):
        ...
    kerasae.errors.ArtifactError: run: was begun with another way (by hand there, one XLA program \
here), which gives other bits; go on where it was begun, or choose another (--out)
    """
    here = {
        "instruction set": ("instructions", environment()["instructions"]),
        "way": ("way", WAYS.get(precision or "")),
    }
    for title, (name, value) in here.items():
        begun = there.get(name)
        if begun is not None and begun != value:
            raise ArtifactError(
                f"{place}: was begun with another {title} ({begun} there, {value} here), which "
                f"gives other bits; go on where it was begun, or choose another (--out)"
            )


def read_record(folder: Path) -> RunRecord | None:
    """Reads what a run, a sweep or a study was made of.

    Args:
        folder: Its folder, or that of a trial, whose sweep or study is then read.

    Returns:
        The `RunRecord`; `None` where an older version, or a move, left none.

    Raises:
        ArtifactError: If it is damaged.
    """
    outer = folder.absolute().parent
    places = [folder / name for name in (RUN, SWEEP, STUDY)]
    if outer.name == TRIALS:
        places += [outer.parent / SWEEP, outer.parent / STUDY]
    path = next((place for place in places if os.path.lexists(place)), None)
    if path is None:
        return None
    if path.parent == folder:
        return _read(path)
    # The trials of a sweep have theirs in common.
    status = path.lstat()
    return _read_shared(path, status.st_mtime_ns, status.st_size)


def _read(path: Path) -> RunRecord:
    content = read_json(path)
    with refusing(path, ArtifactError, "take it away, or train the run again"):
        return read_shape(content, RunRecord)


@functools.lru_cache(8)
def _read_shared(path: Path, changed: int, size: int) -> RunRecord:
    return _read(path)
