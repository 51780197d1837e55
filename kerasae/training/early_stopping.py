"""Stops training when the validation MSE gets no better, and can be resumed."""

import math
from typing import Any

import keras
from numpy.typing import NDArray


class EarlyStopping(keras.callbacks.Callback):
    """Stops after so many epochs without a better `val_mse`; the best weights win in the end.

    It decides as `keras.callbacks.EarlyStopping` does with `restore_best_weights`, whose state
    cannot be saved and restored through its public interface.

    Args:
        model: The model whose weights are kept; list the callback after the one that logs
            `val_mse`.
        patience: Epochs without a better value before training stops, at least 1.
    """

    def __init__(self, model: keras.Model, patience: int) -> None:
        super().__init__()
        self._weights_of = model
        self._patience = patience
        self._best = math.inf
        self._wait = 0
        self._best_weights: list[NDArray] | None = None
        self.stopped = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        current = float((logs or {})["val_mse"])
        self._wait += 1
        if self._best_weights is None or current < self._best:
            self._best_weights = self._weights_of.get_weights()
        if current < self._best:
            self._best = current
            self._wait = 0
        elif self._wait >= self._patience and epoch > 0:
            self.stopped = True
            self.model.stop_training = True

    def restore_best_weights(self) -> None:
        """Gives the model the weights of its best epoch."""
        if self._best_weights is not None:
            self._weights_of.set_weights(self._best_weights)

    def state(self) -> tuple[dict[str, Any], list[NDArray]]:
        """Returns what `restore` needs: plain JSON values, and the best weights."""
        # JSON has no infinity, which stands until an epoch has had a finite value.
        best = None if math.isinf(self._best) else self._best
        values = {"best": best, "wait": self._wait, "stopped": self.stopped}
        return values, self._best_weights or []

    def restore(self, values: dict[str, Any], best_weights: list[NDArray]) -> None:
        """Goes on where another one was when it gave its `state`."""
        self._best = math.inf if values["best"] is None else values["best"]
        self._wait = values["wait"]
        self.stopped = values["stopped"]
        self._best_weights = best_weights or None
