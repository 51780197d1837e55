"""Everything that a training run must remember to go on as if it had never stopped."""

import concurrent.futures
import time
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from kerasae.files import interrupts
from kerasae.training.best_epoch import BestEpoch
from kerasae.training.callbacks import Throughput
from kerasae.training.checkpoints import BEST, Checkpoints
from kerasae.training.trainer import ChunkTrainer

# A checkpoint is due so many times later as the last one took, and after half a minute at most.
PAUSES, MOST_SECONDS = 10, 30.0


class TrainingState(keras.callbacks.Callback):
    """Collects the history, and saves checkpoints of epochs, while the next ones train.

    That is one of each epoch where it takes a tenth of the time at most; of quick epochs of a
    large network as few as that, or two a minute, and of the last epoch.

    List it after every callback that writes logs or changes weights. The order of the images,
    noise and shifts need no saving: they are functions of the seed and of the epoch or the
    optimizer's step.

    Args:
        trainer: The variables of its network, Dropout's generators included, and of its built
            optimizer are saved.
        throughput: Its clock is saved.
        best: The best epoch so far, which is saved.
        checkpoints: Where to save, or `None` to collect the history only.
        started: When this process began the run, by `time.perf_counter`.
    """

    def __init__(
        self,
        trainer: ChunkTrainer,
        throughput: Throughput,
        best: BestEpoch,
        checkpoints: Checkpoints | None,
        started: float,
    ) -> None:
        super().__init__()
        self._owners = {"model": trainer.autoencoder, "optimizer": trainer.optimizer}
        self._throughput = throughput
        self._best = best
        self._checkpoints = checkpoints
        self._started = started
        self._pool = concurrent.futures.ThreadPoolExecutor(1)
        self._writing: concurrent.futures.Future[object] | None = None
        self._due = 0.0
        self._unsaved = False
        self.history: list[dict[str, float]] = []
        self.extended_at: list[int] = []

    @property
    def seconds(self) -> float:
        """Seconds that the run has taken, over all processes that worked on it."""
        return time.perf_counter() - self._started

    def times(self) -> dict[str, Any]:
        """Returns how long and how fast the run has trained; see `train.Trained`."""
        epochs, train_seconds = len(self.history), self._throughput.train_seconds
        return {
            "epochs": epochs,
            "seconds": self.seconds,
            "train_seconds": train_seconds,
            "images_per_second": epochs * self._throughput.images_per_epoch / train_seconds,
            **({"extended_at": self.extended_at} if self.extended_at else {}),
        }

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        interrupts.check()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._unsaved = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        values = {key: float(value) for key, value in (logs or {}).items()}
        self.history.append({"epoch": epoch + 1, **values})
        # What others do when the training ends, such as putting weights back, comes after it.
        last = epoch + 1 == self.params["epochs"] or self.model.stop_training
        if self._writing is not None and (last or self._writing.done()):
            # Where that fails, the one of this epoch would too.
            self._wait()
        self._unsaved = True
        if last or (self._writing is None and time.perf_counter() >= self._due):
            self._save()

    def finish_writing(self) -> None:
        """Saves the last epoch that was not left halfway, and waits until it is in place.

        Raises:
            ArtifactError: If it cannot be written.
        """
        with interrupts.finishing_writes(), self._pool:
            self._wait()
            self._save()
            self._wait()

    def _save(self) -> None:
        """Begins to write a checkpoint of an epoch that has ended and has none."""
        if self._checkpoints is None or not self._unsaved:
            return
        began, checkpoints, epochs = time.perf_counter(), self._checkpoints, len(self.history)
        state, arrays = self._state()

        def write() -> None:
            checkpoints.save(epochs, state, arrays)
            now = time.perf_counter()
            self._due = now + min(PAUSES * (now - began), MOST_SECONDS)

        self._writing = self._pool.submit(write)
        self._unsaved = False

    def _wait(self) -> None:
        """Waits for the checkpoint that is being written; raises what that raised."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def resume(self, planned: int) -> None:
        """Puts the run back to where its last checkpoint was saved, if there is one.

        Args:
            planned: Epochs that it is to have in all, which may be more than it was to have.

        Raises:
            ArtifactError: If the checkpoint is of another run.
        """
        if self._checkpoints is None:
            return
        variables = self._variables()
        shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
        weights = enumerate(self._owners["model"].get_weights())
        shapes |= {f"{BEST}{number}": weight.shape for number, weight in weights}
        checkpoint = self._checkpoints.latest(shapes)
        if checkpoint is None:
            return
        arrays = dict(checkpoint.arrays)
        for name, variable in variables.items():
            variable.assign(arrays.pop(name))
        state = checkpoint.state
        self.history = list(state["history"])
        self.extended_at = list(state["extended_at"])
        if checkpoint.belongs_to["experiment"]["epochs"] < planned:
            self.extended_at.append(checkpoint.epochs)
        self._started -= state["seconds"]
        _, self._throughput.train_seconds = state["throughput"]
        self._best.restore(state["best"], list(arrays.values()))

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """Returns what a checkpoint holds: plain JSON values, and arrays by name."""
        # Copies, for training goes on while they are written.
        arrays = {name: np.array(value.value.numpy()) for name, value in self._variables().items()}
        best, weights = self._best.state(len(self.history))
        arrays |= {f"{BEST}{number}": array for number, array in enumerate(weights)}
        state = {
            "history": list(self.history),
            "extended_at": list(self.extended_at),
            "seconds": self.seconds,
            "throughput": [len(self.history), self._throughput.train_seconds],
            "best": best,
        }
        return state, arrays

    def _variables(self) -> dict[str, keras.Variable]:
        return {
            f"{name}/{number}": variable
            for name, owner in self._owners.items()
            for number, variable in enumerate(owner.variables)
        }
