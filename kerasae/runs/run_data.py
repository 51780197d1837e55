"""The images that a run was trained on, found again from any folder."""

import dataclasses
import os
import warnings
from collections.abc import Mapping
from typing import Any

from kerasae.data.datasets import experiment_data
from kerasae.data.image_data import ImageData
from kerasae.data.named_sets import DATASETS
from kerasae.data.picture_files import WHITE_16
from kerasae.data.picture_parts import UNUSED
from kerasae.errors import DataError, KerasAEWarning
from kerasae.files.local_files import StrPath
from kerasae.runs.run import Run

_CONVERSIONS = ("image_size", "grayscale")


def run_data(
    run: Run,
    data_dir: StrPath | None = None,
    given: Mapping[str, Any] | None = None,
    **options: Any,
) -> ImageData:
    """Loads the images of a run: from where they were, or else from where its settings say.

    Warns where they are others than the run was trained on.

    Args:
        run: The run.
        data_dir: Folder of MNIST's kin; see `load_dataset`.
        given: Settings in place of the run's, such as another `dataset`.
        options: More of `load_dataset`: `skip_bad` and `say`.

    Raises:
        DataError: If they are missing or cannot be read.
    """
    given = given or {}
    experiment = dataclasses.replace(run.experiment, **given)
    if experiment.dataset in DATASETS:
        return experiment_data(experiment, data_dir, **options)
    if "dataset" in given:
        # Perhaps they have moved; of other images, no list of these has any.
        as_here = as_trained(run, experiment.dataset)
        return experiment_data(experiment, data_dir, **as_here, **options)
    places = [experiment.dataset]
    if run.record is not None and run.record.dataset is not None:
        places.insert(0, run.record.dataset)
    found = next(filter(os.path.lexists, places), None)
    if found is None:
        raise DataError(
            f"{places[0]}: the images that {run.name} was trained on are missing; name the place "
            f"where they are with --dataset, or give them in Python: data="
        )
    data = experiment_data(
        dataclasses.replace(experiment, dataset=found),
        data_dir,
        **as_trained(run, found),
        **options,
    )
    files = (*data.train_files, *data.validation_files, *data.test_files)
    # That some are gone is in the notes.
    complete = len(files) == sum(one.part != UNUSED for one in run.pictures)
    converted = any(name in given for name in _CONVERSIONS)
    if complete and not converted and trained_on_others(run, data):
        line = f"{found}: holds other images than those that {run.name} was trained on"
        warnings.warn(line, KerasAEWarning, stacklevel=2)
    return data


def as_trained(run: Run, place: str) -> dict[str, Any]:
    """Returns the options of `load_dataset` with which images are read as those of a run were.

    Args:
        run: The run.
        place: The path of the images.
    """
    white = None if run.record is None else run.record.white
    if white is None and run.record is not None and os.path.isdir(place):
        # What a run whose record does not tell it took for white in pictures of 16 bits.
        white = WHITE_16
    return {"white": white, "pictures": run.pictures}


def trained_on_others(run: Run, data: ImageData) -> bool:
    """Tells whether a run recorded that it was trained on other images."""
    return run.record is not None and run.record.data_md5 not in ((), data.checksums())
