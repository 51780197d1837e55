"""The images that a run was trained on, found again from any folder."""

import dataclasses
import os
import warnings
from collections.abc import Mapping
from typing import Any

from kerasae.data.datasets import experiment_data
from kerasae.data.image_data import ImageData
from kerasae.data.named_sets import DATASETS
from kerasae.errors import DataError, KerasAEWarning
from kerasae.files.local_files import StrPath
from kerasae.runs.run import Run

_CONVERSIONS = ("image_size", "grayscale")


def run_data(
    run: Run,
    data_dir: StrPath | None = None,
    given: Mapping[str, Any] | None = None,
    *,
    skip_bad: bool = False,
) -> ImageData:
    """Loads the images of a run: from where they were, or else from where its settings say.

    Warns where they are others than the run was trained on.

    Args:
        run: The run.
        data_dir: Folder of MNIST's kin; see `load_dataset`.
        given: Settings in place of the run's, such as another `dataset`.
        skip_bad: Whether to leave out pictures that cannot be read.

    Raises:
        DataError: If they are missing or cannot be read.
    """
    given = given or {}
    experiment = dataclasses.replace(run.experiment, **given)
    if "dataset" in given or experiment.dataset in DATASETS:
        return experiment_data(experiment, data_dir, skip_bad=skip_bad)
    places = [experiment.dataset]
    if run.record is not None and run.record.dataset is not None:
        places.insert(0, run.record.dataset)
    found = next(filter(os.path.lexists, places), None)
    if found is None:
        raise DataError(
            f"{places[0]}: the images that {run.name} was trained on are missing; name the place "
            f"where they are with --dataset"
        )
    experiment = dataclasses.replace(experiment, dataset=found)
    data = experiment_data(experiment, data_dir, skip_bad=skip_bad)
    if not any(name in given for name in _CONVERSIONS) and trained_on_others(run, data):
        line = f"{found}: holds other images than those that {run.name} was trained on"
        warnings.warn(line, KerasAEWarning, stacklevel=2)
    return data


def trained_on_others(run: Run, data: ImageData) -> bool:
    """Tells whether a run recorded that it was trained on other images."""
    return run.record is not None and run.record.data_md5 not in ((), data.checksums())
