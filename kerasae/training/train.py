"""Trains one experiment and scores the result."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from kerasae.data.image_data import ImageData, validation_rows
from kerasae.data.pixels import as_floats
from kerasae.errors import TrainingDiverged
from kerasae.experiment import Experiment
from kerasae.metrics import Scores, psnr, scores
from kerasae.model_outputs import ImageMSE
from kerasae.model_parts import ENCODER
from kerasae.models import network
from kerasae.noise import TEST, TRAINING, VALIDATION, scoring_input, scoring_slices
from kerasae.pca import PCA, fit_pca
from kerasae.runtime import give_memory_back
from kerasae.sparsity import sparsity
from kerasae.training.batches import chunks_per_epoch, row_chunks
from kerasae.training.callbacks import OnEpoch, StopOnDivergence, Throughput, ValidationScores
from kerasae.training.checkpoints import Checkpoints
from kerasae.training.early_stopping import EarlyStopping
from kerasae.training.programs import ProgramCache
from kerasae.training.state import TrainingState
from kerasae.training.trainer import ChunkTrainer

_WARMUP_SHARE = 0.05
# Test images whose codes tell how sparse the code is.
_CODES = 2_000


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """A trained model with what it achieved.

    Args:
        model: The plain, uncompiled autoencoder.
        history: One row of logs per epoch: `epoch`, `loss`, `mse` and the validation scores.
        metrics: Final scores: `train_mse`, `train_psnr`, `val_mse`, `val_psnr`, `test_mse`,
            `test_psnr`, `test_pooled_psnr`, `code_near_zero` and `code_active_units` (see
            `sparsity`), for noisy input also `noisy_psnr` (of the test
            images before denoising); `epochs`, `seconds`, `train_seconds`,
            `images_per_second`, and for a run that was given more epochs later `extended_at`,
            the epochs after which it was.
    """

    model: keras.Model
    history: list[dict[str, float]]
    metrics: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class _Setup:
    experiment: Experiment
    data: ImageData
    train_rows: NDArray[np.int32]
    validation: NDArray[np.uint8]
    steps: int
    model: keras.Model
    image_mse: ImageMSE


def train(
    experiment: Experiment,
    data: ImageData,
    *,
    pca: PCA | None = None,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
    tensorboard: Path | None = None,
    checkpoints: Checkpoints | None = None,
    cache: ProgramCache | None = None,
) -> TrainedRun:
    """Trains an autoencoder as an experiment describes it.

    The result is a pure function of `(experiment, data)` on one kind of machine and with
    one thread, also when it is begun in one process and ended in another.

    Args:
        experiment: The settings.
        data: The images, `uint8`.
        pca: The fitted components for `shortcut="pca"`; `None` fits them here. A sweep
            fits them once for all its trials.
        on_epoch: Called after each epoch with the number of epochs done and the logs.
        tensorboard: Folder for TensorBoard logs, or `None`.
        checkpoints: Where a checkpoint is saved after each epoch, and where the run goes on
            from the last one that is there. `None` saves none.
        cache: Compiled programs of an earlier call, whose model this one then trains anew.

    Returns:
        The `TrainedRun`; the test images are only looked at once, at the end.

    Raises:
        InvalidSetting: If a batch is larger than the training set.
        TrainingDiverged: If the loss or a final score is not finite.
    """
    started = time.perf_counter()
    with _float32():
        setup, trainer = _prepare(experiment, data, pca, cache or ProgramCache())
    give_memory_back()
    throughput = Throughput(setup.steps * experiment.batch_size)
    early_stopping = None
    if experiment.patience is not None:
        early_stopping = EarlyStopping(setup.model, experiment.patience)
    state = TrainingState(
        setup.model,
        trainer.optimizer,
        throughput,
        early_stopping,
        checkpoints,
        lambda: time.perf_counter() - started,
    )
    callbacks = [
        throughput,
        StopOnDivergence(),
        *_scoring(setup),
        *([early_stopping] if early_stopping else []),
        state,
        *(_tensorboard(setup, tensorboard) if tensorboard else []),
        *([OnEpoch(on_epoch, throughput)] if on_epoch else []),
    ]
    done = _restore(state, checkpoints, experiment)
    try:
        if not state.stopped:
            _fit(trainer, setup, range(done, experiment.epochs), callbacks)
    finally:
        state.finish_writing()
    if early_stopping is not None:
        early_stopping.restore_best_weights()
    return TrainedRun(setup.model, state.history, _metrics(setup, state, throughput))


@contextlib.contextmanager
def _float32() -> Iterator[None]:
    """Has layers made in `float32`: a caller's own policy is no setting of the experiment."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def _fit(
    trainer: ChunkTrainer, setup: _Setup, epochs: range, callbacks: list[keras.callbacks.Callback]
) -> None:
    experiment = setup.experiment
    trainer.fit(
        row_chunks(setup.train_rows, experiment.batch_size, experiment.seed, epochs),
        initial_epoch=epochs.start,
        epochs=epochs.stop,
        steps_per_epoch=chunks_per_epoch(len(setup.train_rows), experiment.batch_size),
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )


def _metrics(setup: _Setup, state: TrainingState, throughput: Throughput) -> dict[str, Any]:
    metrics: dict[str, Any] = {
        **_final_scores(setup),
        "epochs": len(state.history),
        "seconds": state.seconds,
        "train_seconds": throughput.train_seconds,
        "images_per_second": throughput.mean_images_per_second,
    }
    if state.extended_at:
        metrics["extended_at"] = state.extended_at
    return metrics


def _restore(state: TrainingState, checkpoints: Checkpoints | None, experiment: Experiment) -> int:
    """Returns how many epochs an earlier process has done."""
    earlier = checkpoints.latest() if checkpoints is not None else None
    if earlier is None:
        return 0
    state.restore(earlier)
    planned = earlier.belongs_to["experiment"]["epochs"]
    if planned < experiment.epochs:
        state.extended_at.append(earlier.epochs)
    return earlier.epochs


def _prepare(
    experiment: Experiment, data: ImageData, pca: PCA | None, cache: ProgramCache
) -> tuple[_Setup, ChunkTrainer]:
    train_rows, held_out = validation_rows(len(data.train), experiment.validation_split)
    experiment.check_fits(len(train_rows))
    if experiment.shortcut == "pca" and pca is None:
        pca = fit_pca(data.train, experiment.latent_dim, train_rows)
    steps = len(train_rows) // experiment.batch_size
    programs = cache.programs(
        experiment,
        data.train,
        network(experiment, data.train.shape[1:], pca),
        lambda: _optimizer(experiment, steps),
    )
    trainer = programs.trainer
    setup = _Setup(
        experiment,
        data,
        train_rows,
        data.train[held_out],
        steps,
        trainer.autoencoder,
        programs.image_mse,
    )
    return setup, trainer


def _scoring(setup: _Setup) -> list[keras.callbacks.Callback]:
    if not len(setup.validation):
        return []
    inputs = scoring_input(setup.experiment, setup.validation, VALIDATION)
    return [ValidationScores(setup.image_mse, setup.validation, inputs)]


def _tensorboard(setup: _Setup, folder: Path) -> list[keras.callbacks.Callback]:
    from kerasae.training.tensorboard_log import IMAGES, RunDetails

    images = setup.data.test[:IMAGES]
    clean = as_floats(images)
    noisy = scoring_input(setup.experiment, images, TEST)
    return [
        keras.callbacks.TensorBoard(folder, write_graph=False),
        RunDetails(folder, setup.experiment, setup.model, clean, clean if noisy is None else noisy),
    ]


def _final_scores(setup: _Setup) -> dict[str, float | None]:
    test_images = setup.data.test
    noisy = scoring_input(setup.experiment, test_images, TEST)
    test = scores(setup.image_mse(test_images, noisy))
    if not math.isfinite(test.mse):
        raise TrainingDiverged(f"the test MSE is {test.mse}; lower the learning rate")
    training = _training_scores(setup)
    validation = None
    if len(setup.validation):
        inputs = scoring_input(setup.experiment, setup.validation, VALIDATION)
        validation = scores(setup.image_mse(setup.validation, inputs))
    found: dict[str, float | None] = {
        "train_mse": training.mse,
        "train_psnr": training.psnr,
        "val_mse": validation.mse if validation else None,
        "val_psnr": validation.psnr if validation else None,
        "test_mse": test.mse,
        "test_psnr": test.psnr,
        "test_pooled_psnr": test.pooled_psnr,
    }
    seen = as_floats(test_images[:_CODES]) if noisy is None else noisy[:_CODES]
    codes = np.asarray(setup.model.get_layer(ENCODER)(seen, training=False))
    found["code_near_zero"], found["code_active_units"] = dataclasses.astuple(sparsity(codes))
    if noisy is not None:
        error = np.square(noisy - as_floats(test_images))
        found["noisy_psnr"] = float(psnr(error.reshape(len(error), -1).mean(1)).mean())
    return found


def _training_scores(setup: _Setup) -> Scores:
    """Scores in slices, so that neither the images nor their noise are all copied at once."""
    slices = scoring_slices(setup.experiment, setup.data.train, TRAINING, setup.train_rows)
    return scores(np.concatenate([setup.image_mse(*one) for one in slices]))


def _optimizer(experiment: Experiment, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Warm-up over a twentieth of the steps, then a cosine down to zero."""
    total = steps_per_epoch * experiment.epochs
    warmup = max(1, round(total * _WARMUP_SHARE))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps=max(1, total - warmup),
        warmup_target=float(experiment.learning_rate),
        warmup_steps=warmup,
    )
    config: dict[str, Any] = {"learning_rate": schedule}
    if experiment.weight_decay:
        config["weight_decay"] = experiment.weight_decay
    optimizer = keras.optimizers.get({"class_name": experiment.optimizer, "config": config})
    if experiment.weight_decay:
        # A bias says where a unit switches, not how steeply.
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer
