"""Keras callbacks: validation scores, throughput, and an early end on divergence."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from kerasae.errors import TrainingDiverged
from kerasae.evaluation import Evaluator
from kerasae.metrics import scores


class ValidationScores(keras.callbacks.Callback):
    """Logs `val_mse`, `val_psnr` and `val_pooled_psnr` at the end of each epoch.

    List it before any callback that reads these keys, such as `EarlyStopping`.

    Args:
        image_mse: Function that scores images; see `evaluation.image_mse_function`.
        images: Validation images, `uint8`.
    """

    def __init__(self, image_mse: Evaluator, images: NDArray[np.uint8]) -> None:
        super().__init__()
        self._image_mse = image_mse
        self._images = images

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            found = scores(self._image_mse(self._images))
            logs["val_mse"] = found.mse
            logs["val_psnr"] = found.psnr
            logs["val_pooled_psnr"] = found.pooled_psnr


class Throughput(keras.callbacks.Callback):
    """Measures the seconds spent in training chunks, validation and callbacks left out.

    Args:
        images_per_epoch: Images trained on in one epoch.
    """

    def __init__(self, images_per_epoch: int) -> None:
        super().__init__()
        self._images_per_epoch = images_per_epoch
        self.train_seconds = 0.0
        self.images_per_second = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._started = self._last = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._last = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        seconds = self._last - self._started
        self.train_seconds += seconds
        self.images_per_second = self._images_per_epoch / seconds


class StopOnDivergence(keras.callbacks.Callback):
    """Raises `TrainingDiverged` as soon as a chunk's mean loss is not finite."""

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not np.isfinite(loss):
            raise TrainingDiverged(
                f"the loss became {float(loss)}; expected a finite number; lower the learning rate"
            )


class OnEpoch(keras.callbacks.Callback):
    """Hands each epoch's logs to a function, for a progress display.

    Args:
        report: Called with the number of epochs done and their last logs.
    """

    def __init__(self, report: Callable[[int, dict[str, float]], None]) -> None:
        super().__init__()
        self._report = report

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._report(epoch + 1, {key: float(value) for key, value in (logs or {}).items()})
