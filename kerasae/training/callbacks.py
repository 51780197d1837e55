"""Keras callbacks: validation scores, throughput, and an early end on divergence."""

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasae.callbacks import ValidationScores
from kerasae.data.image_data import Part
from kerasae.errors import TrainingDiverged
from kerasae.experiment import Experiment
from kerasae.model_outputs import ImageMSE
from kerasae.noise import VALIDATION, scoring_input


def validation_scores(
    experiment: Experiment, part: Part, image_mse: ImageMSE
) -> list[keras.callbacks.Callback]:
    """Makes the callback that scores the validation images of an experiment.

    Args:
        experiment: The settings, which say what noise the model sees the images with.
        part: The validation images; without any, there is no callback.
        image_mse: Function that scores images; see `model_outputs.image_mse_function`.
    """
    if not len(part):
        return []
    images = part.taken()
    inputs = scoring_input(experiment, images, VALIDATION)
    return [ValidationScores(images, inputs, image_mse=image_mse)]


class Throughput(keras.callbacks.Callback):
    """Measures the seconds spent in training chunks, validation and callbacks left out.

    Args:
        images_per_epoch: Images trained on in one epoch.
    """

    def __init__(self, images_per_epoch: int) -> None:
        super().__init__()
        self.images_per_epoch = images_per_epoch
        self.train_seconds = 0.0
        self.images_per_second = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._started = self._last = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._last = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        seconds = self._last - self._started
        self.train_seconds += seconds
        self.images_per_second = self.images_per_epoch / seconds


class StopOnDivergence(keras.callbacks.Callback):
    """Raises `TrainingDiverged` as soon as a chunk's mean loss is not finite."""

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not np.isfinite(loss):
            raise TrainingDiverged(
                f"the loss became {float(loss)}; expected a finite number; lower the learning rate"
            )


def on_epoch_callback(
    report: Callable[[int, dict[str, float]], None], throughput: Throughput
) -> keras.callbacks.Callback:
    """Hands each epoch's logs, with `images_per_second`, to a function.

    Args:
        report: Called with the number of epochs done and their last logs.
        throughput: Where the images per second come from; list it first.
    """

    def on_epoch_end(epoch: int, logs: dict[str, Any]) -> None:
        values = {key: float(value) for key, value in logs.items()}
        report(epoch + 1, {**values, "images_per_second": throughput.images_per_second})

    return keras.callbacks.LambdaCallback(on_epoch_end=on_epoch_end)
