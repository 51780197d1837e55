"""Trains one experiment."""

import contextlib
import dataclasses
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras

from kerasae.data.image_data import ImageData, Part
from kerasae.errors import KerasAEWarning, TrainingDiverged
from kerasae.experiment import Experiment
from kerasae.metrics import TOLD_APART, mean_difference
from kerasae.model_outputs import ImageMSE
from kerasae.models import network
from kerasae.pca import PCA, fit_pca
from kerasae.runtime import give_memory_back, retracing_silenced
from kerasae.training.batches import chunks_per_epoch, row_chunks
from kerasae.training.best_epoch import BestEpoch
from kerasae.training.callbacks import EpochScores, StopOnDivergence, Throughput, on_epoch_callback
from kerasae.training.checkpoints import Checkpoints
from kerasae.training.programs import ProgramCache
from kerasae.training.state import TrainingState
from kerasae.training.tensorboard_log import tensorboard_callbacks
from kerasae.training.trainer import ChunkTrainer

_WARMUP_SHARE = 0.05


@dataclasses.dataclass(frozen=True)
class Trained:
    """A model that was trained.

    Args:
        model: The plain, uncompiled autoencoder.
        image_mse: Its compiled scorer.
        history: One row of logs per epoch: `epoch`, `loss` and `mse`, which average over the
            epoch, and the scores at its end; see `callbacks.EpochScores`.
        best_epoch: The epoch whose weights the model has: the one with the lowest MSE of the
            images held out, or of a sample of the training images where none are; 0 is the start,
            which at PCA stays until an epoch is better by more than two standard errors.
        times: Returns `epochs`, `seconds` (until now), `train_seconds`, `images_per_second`, and
            for a run that was given more epochs later `extended_at`, the epochs after which it
            was.
    """

    model: keras.Model
    image_mse: ImageMSE
    history: list[dict[str, float]]
    best_epoch: int
    times: Callable[[], dict[str, Any]]


@retracing_silenced()
def train(
    experiment: Experiment,
    data: ImageData,
    *,
    pca: PCA | None = None,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
    on_stage: Callable[[str], None] = lambda stage: None,
    tensorboard: Path | None = None,
    checkpoints: Checkpoints | None = None,
    cache: ProgramCache | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: str | int = 0,
) -> Trained:
    """Trains an autoencoder as an experiment describes it, and looks at no test image.

    The result is a pure function of `(experiment, data)` on one kind of machine and with
    one thread, also when it is begun in one process and ended in another.

    Args:
        experiment: The settings.
        data: The images, `uint8`.
        pca: The fitted components for `shortcut="pca"`; `None` fits them here. A sweep
            fits them once for all its trials.
        on_epoch: Called after each epoch with the number of epochs done and the logs.
        on_stage: Called with what is begun, which may take seconds: `compiling`, `training`.
        tensorboard: Folder for TensorBoard logs, or `None`.
        checkpoints: Where checkpoints are saved, and where the run goes on from the last one that
            is there. `None` saves none.
        cache: Compiled programs of an earlier call, whose model this one then trains anew.
        callbacks: Keras callbacks of the caller; they see the validation scores in their logs,
            and the network as `model.autoencoder`.
        verbose: What Keras' `fit` takes.

    Returns:
        The `Trained` model.

    Raises:
        InvalidSetting: If a batch is larger than the training set.
        TrainingDiverged: If the loss is not finite, and the network did not start at PCA: one
            that did keeps its best epoch, with a warning.
    """
    started = time.perf_counter()
    parts = data.parts(experiment.validation_split)
    experiment = data.resolved(experiment)
    planned, batch_size, _ = experiment.pace
    on_stage("compiling")
    with _float32():
        trainer = _trainer(experiment, parts.train, pca, cache or ProgramCache())
    model = trainer.autoencoder
    give_memory_back()
    throughput = Throughput(len(parts.train) // batch_size * batch_size)
    scored = EpochScores(experiment, parts, trainer.image_mse)
    best = _best_epoch(experiment, model, scored)
    state = TrainingState(trainer, throughput, best, checkpoints, started)
    state.resume(planned)
    epochs = range(len(state.history), planned)
    on_stage("training")
    try:
        if not best.stopped:
            trainer.fit(
                row_chunks(parts.train.rows, batch_size, experiment.seed, epochs),
                initial_epoch=epochs.start,
                epochs=epochs.stop,
                steps_per_epoch=chunks_per_epoch(len(parts.train), batch_size),
                shuffle=False,
                verbose=verbose,
                callbacks=[
                    throughput,
                    StopOnDivergence(),
                    scored,
                    best,
                    *callbacks,
                    state,
                    *tensorboard_callbacks(tensorboard, experiment, parts, model),
                    *([on_epoch_callback(on_epoch, throughput)] if on_epoch else []),
                ],
            )
    except TrainingDiverged as error:
        if experiment.shortcut != "pca":
            raise
        warnings.warn(f"{error}; epoch {best.epoch} is kept", KerasAEWarning, stacklevel=2)
    finally:
        state.finish_writing()
    best.restore_best_weights()
    return Trained(model, trainer.image_mse, state.history, best.epoch, state.times)


def _best_epoch(experiment: Experiment, model: keras.Model, scored: EpochScores) -> BestEpoch:
    """Has a start at PCA stay until an epoch is better by more than two standard errors.

    Few images held out would choose by chance otherwise: of models that they cannot tell apart,
    the simplest is taken, as by the 1 SE rule of Breiman, Friedman, Olshen & Stone (1984,
    "Classification and Regression Trees"), and by two, for the best of hundreds of epochs is by
    chance often one better. The difference is that of each image, its error that of their mean.

    Args:
        experiment: The settings.
        model: The network, as it starts.
        scored: What scores it.
    """
    at_start = scored.now()[scored.chooses]
    errors = scored.errors

    def beats_start() -> bool:
        difference, error = mean_difference(scored.errors, errors)
        return experiment.shortcut != "pca" or difference < -TOLD_APART * error

    return BestEpoch(model, scored.chooses, at_start, experiment.patience, beats_start)


@contextlib.contextmanager
def _float32() -> Iterator[None]:
    """Has layers made in `float32`: a caller's own policy is no setting of the experiment."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def _trainer(
    experiment: Experiment, part: Part, pca: PCA | None, cache: ProgramCache
) -> ChunkTrainer:
    if experiment.shortcut == "pca" and pca is None:
        pca = fit_pca(part.images, experiment.latent_dim, part.rows)
    model = network(experiment, part.images.shape[1:], pca)
    steps = len(part) // experiment.pace.batch_size
    return cache.trainer(experiment, part.images, model, _optimizer(experiment, steps))


def _optimizer(experiment: Experiment, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Warm-up over a twentieth of the steps, then a cosine down to zero."""
    epochs, _, peak = experiment.pace
    total = steps_per_epoch * epochs
    warmup = max(1, round(total * _WARMUP_SHARE))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=max(1, total - warmup), warmup_target=float(peak), warmup_steps=warmup
    )
    config: dict[str, Any] = {"learning_rate": schedule}
    if experiment.weight_decay:
        config["weight_decay"] = experiment.weight_decay
    optimizer = keras.optimizers.get({"class_name": experiment.optimizer, "config": config})
    if experiment.weight_decay:
        # A bias says where a unit switches, not how steeply.
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer
