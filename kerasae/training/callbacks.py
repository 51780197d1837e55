"""Keras callbacks: scores, throughput, and an early end on divergence."""

import functools
import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from kerasae.callbacks import validation_logs
from kerasae.data.image_data import Part, Parts
from kerasae.errors import TrainingDiverged
from kerasae.experiment import Experiment
from kerasae.metrics import scores
from kerasae.model_outputs import ImageMSE
from kerasae.noise import TRAINING, VALIDATION, scoring_input, scoring_slices

# Training images that are scored after an epoch, at most.
_MOST_SCORED = 5_000
# Numbers in the images held out up to which they are copied, to be scored faster.
_MOST_COPIED = 1 << 26


class EpochScores(keras.callbacks.Callback):
    """Logs scores at the end of each epoch, of training and validation images alike.

    The keys are `train_mse`, of evenly spaced training images, at most 5,000 and as many as are
    held out, and `val_mse`, `val_psnr` and `val_pooled_psnr`; beside them `learning_rate`, to
    which the schedule has come. List it before any callback that reads them.

    Args:
        experiment: The settings, which say what noise the model sees the images with.
        parts: The images; without any to validate by, there are no such keys.
        image_mse: Function that scores images; see `model_outputs.image_mse_function`.

    Attributes:
        chooses: The key that the best epoch is chosen by: `val_mse` where there is one.
        errors: What that is the mean of: the error of each of its images when last scored.
    """

    def __init__(self, experiment: Experiment, parts: Parts, image_mse: ImageMSE) -> None:
        super().__init__()
        train, held_out = parts.train, parts.validation
        step = -(-len(train) // min(_MOST_SCORED, len(held_out) or _MOST_SCORED))
        sample = Part(train.images, train.rows[::step])
        self._scored = [("train", _mse_of(sample, TRAINING, experiment, image_mse))]
        if len(held_out):
            self._scored.append(("val", _mse_of(held_out, VALIDATION, experiment, image_mse)))
        self.chooses = f"{self._scored[-1][0]}_mse"

    def now(self) -> dict[str, float]:
        """Returns the scores of the model as it is."""
        logs: dict[str, float] = {}
        for prefix, errors in self._scored:
            self.errors = errors()
            scored = scores(self.errors)
            _check_finite(f"the MSE of the {prefix} images", scored.mse)
            logs |= validation_logs(scored) if prefix == "val" else {"train_mse": scored.mse}
        return logs

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        assert logs is not None
        logs.update(self.now(), learning_rate=float(self.model.optimizer.learning_rate))


def _mse_of(
    part: Part, stream: int, experiment: Experiment, image_mse: ImageMSE
) -> Callable[[], NDArray[np.floating]]:
    numbers = len(part) * math.prod(part.images.shape[1:])
    if stream == VALIDATION and numbers > _MOST_COPIED:
        slices = functools.partial(scoring_slices, experiment, part.images, stream, part.rows)
        return lambda: np.concatenate([image_mse(*one) for one in slices()])
    images = part.taken()
    return functools.partial(image_mse, images, scoring_input(experiment, images, stream))


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
        _check_finite("the loss", float((logs or {}).get("loss", 0.0)))


def _check_finite(what: str, value: float) -> None:
    if not math.isfinite(value):
        raise TrainingDiverged(
            f"{what} became {value}; expected a finite number; lower the learning rate"
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
