"""Trains an experiment into a folder: from its last checkpoint if there is one, and saved."""

from __future__ import annotations

import dataclasses
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasae.anomaly.detector import DETECTOR, Detector
from kerasae.anomaly.detector_file import save_detector
from kerasae.data.datasets import experiment_data
from kerasae.data.image_data import ImageData
from kerasae.data.picture_parts import list_pictures
from kerasae.environment import cores, processor_flags
from kerasae.errors import ArtifactError, InvalidSetting, KerasAEWarning
from kerasae.evaluation import run_metrics
from kerasae.experiment import Experiment
from kerasae.files.owned_folder import check_empty, owned
from kerasae.files.whole_files import write_json
from kerasae.identity import Identity, check_same
from kerasae.memory import check_training
from kerasae.pca import fit_pca
from kerasae.precision import slowness
from kerasae.runs.manifest import forget_manifest, write_manifest
from kerasae.runs.picture_list import write_pictures
from kerasae.runs.record import RunRecord, check_computing
from kerasae.runs.run import Run
from kerasae.runs.run_data import run_data, trained_on_others
from kerasae.runs.run_files import EXPERIMENT, MANIFEST, METRICS, RUN, TENSORBOARD
from kerasae.runtime import start_tensorflow
from kerasae.training.checkpoints import Checkpoints

if TYPE_CHECKING:
    import keras


def fit(
    data: ImageData | str | os.PathLike[str] | NDArray[Any],
    experiment: Experiment | None = None,
    *,
    folder: str | os.PathLike[str] | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: str | int = "auto",
    **settings: Any,
) -> Run:
    """Trains an autoencoder and scores it.

    Args:
        data: A data set, its name or path (see `load_dataset`), or an array of images,
            `(images, height, width)` or `(images, height, width, channels)`, of `uint8`, floats
            in [0, 1] or other whole numbers, which has no test images.
        experiment: The settings; default: those of `Experiment`.
        folder: Where the run is saved, with checkpoints on the way. One that was begun
            there with the same settings and data goes on from the last of them, or with more
            epochs; one that is finished is returned. `None` saves nothing.
        callbacks: Keras callbacks; they see `val_mse` and `val_psnr` in their logs.
        verbose: Progress as Keras' `fit` shows it: `"auto"`, 0, 1 or 2.
        settings: Settings of `Experiment`, in place of those of `experiment`.

    Returns:
        The `Run`, with its `model`, `history` and `metrics`.

    Raises:
        ArtifactError: If the folder holds something else, or cannot be written.
        DataError: If the data cannot be read.
        InvalidSetting: If a setting is out of range.
        TrainingDiverged: If the loss or a score is not finite.

    Example:

    >>> images = np.random.RandomState(0).randint(0, 256, (50, 8, 8)).astype(np.uint8)
    >>> run = fit(images, latent_dim=4, hidden_dims=(16,), epochs=1, verbose=0)
    >>> run.model.output_shape, len(run.history)
    ((None, 8, 8), 1)
    """
    if isinstance(data, np.ndarray):
        data = ImageData.from_arrays(data)
    name = data.name if isinstance(data, ImageData) else os.fspath(data)
    experiment = dataclasses.replace(experiment or Experiment(), dataset=name, **settings)
    begun = Run(folder) if folder is not None and (Path(folder) / EXPERIMENT).exists() else None
    arrays = isinstance(data, ImageData)
    if not isinstance(data, ImageData):
        given = {"dataset": name, **settings}
        data = experiment_data(experiment) if begun is None else run_data(begun, given=given)
    else:
        data = data.with_train_images(experiment.train_images)
    if begun is not None:
        _check_images(begun, data)
    options: dict[str, Any] = {"callbacks": callbacks, "verbose": verbose}
    if folder is None:
        experiment = data.resolved(experiment, cores())
        warn_if_slow(experiment.precision)
        record = RunRecord.of(data, experiment.precision)
        run = fit_run(experiment, data, record=record, **options)
    else:
        run = fit_into(Path(folder), experiment, data, begun, **options)
    run.data = data if arrays else None
    return run


def fit_into(
    folder: Path,
    experiment: Experiment,
    data: ImageData,
    begun: Run | None,
    *,
    command: str | None = None,
    **options: Any,
) -> Run:
    """Trains into a folder that this process owns meanwhile.

    Args:
        folder: The folder; new or empty, or that of `begun`.
        experiment: The settings: those of `begun`, or with more epochs.
        data: The images.
        begun: The run to go on with, or `None`; what it was made of stays as it is.
        command: The command that begins it, for `run.json`.
        options: More arguments of `fit_run`.

    Returns:
        The `Run`; one that is finished already is not trained again.

    Raises:
        ArtifactError: If it was begun with other settings or data, or cannot be used.
        InvalidSetting: If more epochs are asked for and the fit has ended by its patience.
    """
    experiment = check_begun(folder, experiment, data, begun, options.get("threads"))
    with owned(folder, resume=begun is not None):
        if begun is not None:
            if _is_finished(begun, experiment):
                if not (folder / DETECTOR).exists():
                    _learn_normal(begun, data)
                    forget_manifest(folder)
                if not (folder / MANIFEST).exists():
                    write_manifest(folder)
                return begun
            _check_goes_on(begun, experiment, data)
            (folder / METRICS).unlink(missing_ok=True)
        forget_manifest(folder)
        warn_if_slow(experiment.precision)
        record = (begun and begun.record) or RunRecord.of(
            data, experiment.precision, command, options.get("threads")
        )
        write_json(folder / EXPERIMENT, experiment.to_dict())
        write_json(folder / RUN, record.to_dict())
        if begun is None:
            write_pictures(folder, list_pictures(data, experiment.validation_split))
        options = {"folder": folder, "record": record, "more_epochs": True, **options}
        run = fit_run(experiment, data, **options)
        options.get("on_stage", lambda stage: None)("scoring normal images")
        _learn_normal(run, data)
        write_manifest(folder)
        return run


def warn_if_slow(precision: str | None) -> None:
    """Warns of a precision that the processor has no hardware for."""
    line = slowness(precision, processor_flags())
    if line is not None:
        warnings.warn(line, KerasAEWarning, stacklevel=3)


def _learn_normal(run: Run, data: ImageData) -> None:
    """Leaves the detector of a run beside it; one of an image alone has none."""
    if len(data.train) > 1:
        detector = Detector.of(run.model, data, run.experiment.validation_split)
        save_detector(detector, run.place)


def fit_run(
    experiment: Experiment,
    data: ImageData,
    *,
    folder: Path | None = None,
    identity: Identity | None = None,
    record: RunRecord | None = None,
    tensorboard: bool = False,
    more_epochs: bool = False,
    threads: int | None = None,
    on_stage: Callable[[str], None] = lambda stage: None,
    **options: Any,
) -> Run:
    """Trains from the last checkpoint on, scores, and saves; see `fit` and `train.train`.

    Args:
        experiment: The settings.
        data: The images.
        folder: Where the run is saved, which this process or the one that started it owns;
            `None` saves nothing.
        identity: What the run is, for its checkpoints; `None` is made of the settings and the
            data's checksums.
        record: What the run is made of, which is saved with it; `None` for a trial, whose sweep
            or study records it.
        tensorboard: Whether to log for TensorBoard, in the folder.
        more_epochs: Whether a run with fewer epochs in all goes on, and the last checkpoint is
            kept so that this one can.
        threads: Threads to compute with, where TensorFlow is not running yet; `None` for all.
        on_stage: Called with what is begun, which may take seconds, such as `scoring`.
        options: More arguments of `train.train`: `pca`, `on_epoch`, `callbacks`, `verbose` and
            `cache`.

    Returns:
        The `Run`.
    """
    experiment = data.resolved(experiment, threads or cores())
    check_training(experiment, data.pixels)
    on_stage("starting TensorFlow")
    start_tensorflow(threads)
    from kerasae.training.train import train

    if folder is not None:
        identity = identity or Identity(experiment, data.checksums())
        options["checkpoints"] = Checkpoints(folder, identity, more_epochs=more_epochs)
        options["tensorboard"] = folder / TENSORBOARD if tensorboard else None
    part = data.parts(experiment.validation_split).train
    pca = options.pop("pca", None) or fit_pca(part.images, experiment.latent_dim, part.rows)
    trained = train(experiment, data, pca=pca, on_stage=on_stage, **options)
    on_stage("scoring")
    scores = run_metrics(trained.model, trained.image_mse, data, experiment, pca)
    metrics = {**scores, "best_epoch": trained.best_epoch, **trained.times()}
    run = Run.of(
        experiment=experiment,
        model=trained.model,
        history=trained.history,
        metrics=metrics,
        record=record,
        pictures=list_pictures(data, experiment.validation_split),
    )
    if folder is not None:
        run.write(folder)
        options["checkpoints"].clear(keep=1 if more_epochs else 0)
    return run


def check_begun(
    folder: Path,
    experiment: Experiment,
    data: ImageData,
    begun: Run | None,
    threads: int | None = None,
) -> Experiment:
    """Checks, before anything is computed, that a fit may be made or go on in a folder.

    Args:
        folder: The folder.
        experiment: The settings.
        data: The images.
        begun: The run to go on with; without one, the folder has to be new or empty.
        threads: Threads to compute with; `None` for all.

    Returns:
        The settings, resolved, with the precision of `begun` where none is given.

    Raises:
        ArtifactError: If it holds something else, was begun with other settings, or cannot go
            on with the bits that it has.
        InvalidSetting: If there are too few images to train on.
        MemoryExceeded: If the network is too large for the memory there is.
    """
    if begun is not None and experiment.precision is None:
        experiment = dataclasses.replace(experiment, precision=begun.experiment.precision)
    experiment = data.resolved(experiment, threads or cores())
    check_training(experiment, data.pixels)
    if begun is not None:
        check_same(folder, begun.experiment.to_dict(), experiment.to_dict(), ("epochs",))
    elif folder.is_dir():
        check_empty(folder)
    return experiment


def _is_finished(begun: Run, experiment: Experiment) -> bool:
    """Tells whether a run is done; one that gets more epochs is unfinished again."""
    scored = (begun.place / METRICS).is_file()
    return scored and begun.experiment.epochs == experiment.epochs


def _check_goes_on(begun: Run, experiment: Experiment, data: ImageData) -> None:
    """Checks, before anything of a run is changed, that it can be trained on."""
    folder, planned = begun.place, begun.experiment.epochs
    if begun.record is not None:
        check_computing(folder, begun.record.to_dict(), experiment.precision)
    _check_images(begun, data)
    scored = (folder / METRICS).is_file()
    if scored and begun.metrics["epochs"] < planned:
        raise InvalidSetting(
            "epochs", experiment.epochs, f"{planned}: the fit has ended by its patience"
        )
    identity = Identity(experiment, data.checksums())
    if Checkpoints(folder, identity, more_epochs=True).latest() is None and scored:
        raise ArtifactError(f"{folder}: holds no checkpoint to go on from; choose another (--out)")


def _check_images(begun: Run, data: ImageData) -> None:
    if trained_on_others(begun, data):
        raise ArtifactError(
            f"{begun.place}: was begun with other images than {data.name} holds; give these again, "
            f"or choose another (--out)"
        )
