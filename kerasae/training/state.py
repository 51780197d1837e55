"""Everything that a training run must remember to go on as if it had never stopped."""

import concurrent.futures
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from kerasae.errors import ArtifactError
from kerasae.files import interrupts
from kerasae.training.callbacks import Throughput
from kerasae.training.checkpoints import Checkpoint, Checkpoints
from kerasae.training.early_stopping import EarlyStopping


class TrainingState(keras.callbacks.Callback):
    """Collects the history, and saves a checkpoint after each epoch, while the next one trains.

    List it after every callback that writes logs or changes weights. The order of the images,
    noise and shifts need no saving: they are functions of the seed and of the epoch or the
    optimizer's step.

    Args:
        autoencoder: Its variables are saved, Dropout's generators included.
        optimizer: Its variables are saved; built before `restore` is called.
        throughput: Its clock is saved.
        early_stopping: The callback to save, if there is one.
        checkpoints: Where to save, or `None` to collect the history only.
        seconds: Gives the seconds since this process began the run.
    """

    def __init__(
        self,
        autoencoder: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        throughput: Throughput,
        early_stopping: EarlyStopping | None,
        checkpoints: Checkpoints | None,
        seconds: Callable[[], float],
    ) -> None:
        super().__init__()
        self._autoencoder = autoencoder
        self._optimizer = optimizer
        self._throughput = throughput
        self._early_stopping = early_stopping
        self._checkpoints = checkpoints
        self._seconds = seconds
        self._seconds_before = 0.0
        self._pool = concurrent.futures.ThreadPoolExecutor(1)
        self._writing: concurrent.futures.Future[object] | None = None
        self.history: list[dict[str, float]] = []
        self.extended_at: list[int] = []

    @property
    def seconds(self) -> float:
        """Seconds that the run has taken, over all processes that worked on it."""
        return self._seconds_before + self._seconds()

    def times(self) -> dict[str, Any]:
        """Returns how long and how fast the run has trained; see `train.Trained`."""
        return {
            "epochs": len(self.history),
            "seconds": self.seconds,
            "train_seconds": self._throughput.train_seconds,
            "images_per_second": self._throughput.mean_images_per_second,
            **({"extended_at": self.extended_at} if self.extended_at else {}),
        }

    @property
    def stopped(self) -> bool:
        """Whether early stopping has ended the run."""
        return self._early_stopping is not None and self._early_stopping.stopped

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        interrupts.check()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        values = {key: float(value) for key, value in (logs or {}).items()}
        self.history.append({"epoch": epoch + 1, **values})
        if self._checkpoints is not None:
            state, arrays = self._values(), self._arrays()
            self._wait()
            self._writing = self._pool.submit(self._checkpoints.save, epoch + 1, state, arrays)

    def finish_writing(self) -> None:
        """Waits until the last checkpoint is in place.

        Raises:
            ArtifactError: If it cannot be written.
        """
        with self._pool:
            self._wait()

    def _wait(self) -> None:
        """Waits for the checkpoint that is being written; raises what that raised."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def restore(self, checkpoint: Checkpoint) -> None:
        """Puts the run back to where the checkpoint was saved.

        Raises:
            ArtifactError: If the checkpoint is of another network or optimizer.
        """
        arrays = dict(checkpoint.arrays)
        for name, variable in self._variables().items():
            value = arrays.pop(name, None)
            if value is None or value.shape != tuple(variable.shape):
                raise ArtifactError(
                    f"the checkpoint after epoch {checkpoint.epochs} does not hold {name} of "
                    f"shape {tuple(variable.shape)}; it was saved by another version"
                )
            variable.assign(value)
        state = checkpoint.state
        self.history = list(state["history"])
        self.extended_at = list(state["extended_at"])
        self._seconds_before = state["seconds"]
        self._throughput.restore(state["throughput"])
        if self._early_stopping is not None:
            self._early_stopping.restore(state["early_stopping"], list(arrays.values()))

    def _variables(self) -> dict[str, keras.Variable]:
        groups = (("model", self._autoencoder), ("optimizer", self._optimizer))
        return {
            f"{group}/{number}": variable
            for group, owner in groups
            for number, variable in enumerate(owner.variables)
        }

    def _values(self) -> dict[str, Any]:
        stopping = self._early_stopping.state()[0] if self._early_stopping else None
        return {
            "history": list(self.history),
            "extended_at": list(self.extended_at),
            "seconds": self.seconds,
            "throughput": self._throughput.state(),
            "early_stopping": stopping,
        }

    def _arrays(self) -> dict[str, NDArray]:
        # Copies, for training goes on while they are written.
        arrays = {name: np.array(value.value.numpy()) for name, value in self._variables().items()}
        if self._early_stopping is not None:
            best = self._early_stopping.state()[1]
            arrays |= {f"best/{number}": weights for number, weights in enumerate(best)}
        return arrays
