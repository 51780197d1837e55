"""Trains one experiment and scores the result."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from kerasae.batches import STEPS_PER_CHUNK, chunks_per_epoch, row_chunks
from kerasae.callbacks import OnEpoch, StopOnDivergence, Throughput, ValidationScores
from kerasae.datasets import ImageData, validation_rows
from kerasae.errors import InvalidSetting, TrainingDiverged
from kerasae.evaluation import image_mse_function
from kerasae.experiment import Experiment
from kerasae.metrics import scores
from kerasae.models import autoencoder
from kerasae.trainer import ChunkTrainer

_WARMUP_SHARE = 0.05


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """A trained model with what it achieved.

    Args:
        model: The plain, uncompiled autoencoder.
        history: One row of logs per epoch: `epoch`, `loss`, `mse` and the validation scores.
        metrics: Final scores: `train_mse`, `val_mse`, `test_mse`, `test_psnr`,
            `test_pooled_psnr`, `epochs`, `seconds`, `train_seconds`, `images_per_second`.
    """

    model: keras.Model
    history: list[dict[str, float]]
    metrics: dict[str, float | int | None]


def train(
    experiment: Experiment,
    data: ImageData,
    *,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
    tensorboard: Path | None = None,
) -> TrainedRun:
    """Trains an autoencoder as an experiment describes it.

    The result is a pure function of `(experiment, data)` on one kind of machine and with
    one thread.

    Args:
        experiment: The settings.
        data: The images, `uint8`.
        on_epoch: Called after each epoch with the number of epochs done and the logs.
        tensorboard: Folder for TensorBoard logs, or `None`.

    Returns:
        The `TrainedRun`; the test images are only looked at once, at the end.

    Raises:
        InvalidSetting: If a batch is larger than the training set.
        TrainingDiverged: If the loss or a final score is not finite.
    """
    started = time.perf_counter()
    keras.backend.clear_session()
    train_rows, held_out = validation_rows(len(data.train), experiment.validation_split)
    if experiment.batch_size > len(train_rows):
        raise InvalidSetting(
            "batch_size", experiment.batch_size, f"at most the {len(train_rows)} training images"
        )
    images = data.train[train_rows]
    validation = data.train[held_out]
    model = autoencoder(
        images.shape[1:],
        experiment.hidden_dims,
        experiment.latent_dim,
        activation=experiment.activation,
        l1=experiment.l1,
        dropout=experiment.dropout,
        seed=experiment.seed,
    )
    trainer = ChunkTrainer(model, images)
    steps = len(images) // experiment.batch_size
    trainer.compile(optimizer=_optimizer(experiment, steps), loss=experiment.loss, jit_compile=True)
    trainer.compile_now((STEPS_PER_CHUNK, experiment.batch_size))
    image_mse = image_mse_function(model)
    throughput = Throughput(steps * experiment.batch_size)
    callbacks: list[keras.callbacks.Callback] = [throughput, StopOnDivergence()]
    if len(validation):
        callbacks.append(ValidationScores(image_mse, validation))
    if experiment.patience is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                "val_mse", patience=experiment.patience, mode="min", restore_best_weights=True
            )
        )
    if tensorboard is not None:
        callbacks.append(keras.callbacks.TensorBoard(tensorboard, write_graph=False))
    if on_epoch is not None:
        callbacks.append(
            OnEpoch(
                lambda done, logs: on_epoch(
                    done, {**logs, "images_per_second": throughput.images_per_second}
                )
            )
        )
    fitted = trainer.fit(
        row_chunks(len(images), experiment.batch_size, experiment.seed, range(experiment.epochs)),
        epochs=experiment.epochs,
        steps_per_epoch=chunks_per_epoch(len(images), experiment.batch_size),
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )
    history = _rows(fitted.history)
    test = scores(image_mse(data.test))
    if not math.isfinite(test.mse):
        raise TrainingDiverged(f"the test MSE is {test.mse}; lower the learning rate")
    metrics: dict[str, Any] = {
        "epochs": len(history),
        "train_mse": scores(image_mse(images)).mse,
        "val_mse": scores(image_mse(validation)).mse if len(validation) else None,
        "test_mse": test.mse,
        "test_psnr": test.psnr,
        "test_pooled_psnr": test.pooled_psnr,
        "seconds": time.perf_counter() - started,
        "train_seconds": throughput.train_seconds,
        "images_per_second": len(history)
        * steps
        * experiment.batch_size
        / throughput.train_seconds,
    }
    return TrainedRun(model, history, metrics)


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
    return keras.optimizers.get(
        {"class_name": experiment.optimizer, "config": {"learning_rate": schedule}}
    )


def _rows(history: dict[str, list[float]]) -> list[dict[str, float]]:
    epochs = range(len(history["loss"]))
    return [
        {"epoch": epoch + 1, **{key: float(values[epoch]) for key, values in history.items()}}
        for epoch in epochs
    ]
