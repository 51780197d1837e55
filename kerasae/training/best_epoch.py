"""Keeps the best epoch of a training, and ends one that gets no better."""

import math
from collections.abc import Callable
from typing import Any

import keras
from numpy.typing import NDArray


class BestEpoch(keras.callbacks.Callback):
    """Keeps the weights of the epoch with the lowest MSE; the start counts as epoch 0.

    A network that starts at PCA therefore never ends above PCA's error on the images that it is
    chosen by. Its patience is that of `keras.callbacks.EarlyStopping` with
    `restore_best_weights`, whose state cannot be saved and restored through its public interface.

    Args:
        model: The model whose weights are kept.
        monitor: The key of the MSE in the logs; list the callback after the one that logs it.
        at_start: That MSE before the first epoch.
        patience: Epochs without a better value before training stops; `None` trains to the end.
        beats_start: Tells whether the epoch that has just ended, the best one so far, may take
            the start's place; from then on, each better one does.
    """

    def __init__(
        self,
        model: keras.Model,
        monitor: str,
        at_start: float,
        patience: int | None = None,
        beats_start: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__()
        self._weights_of = model
        self._monitor = monitor
        self._patience = patience
        self._beats_start = beats_start
        # A start that is not finite is there to be bettered.
        self._lowest = at_start if math.isfinite(at_start) else math.inf
        self._weights: list[NDArray] | None = None
        self._wait = 0
        self.epoch = 0
        self.stopped = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        if self._weights is None:
            self._keep(0)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._wait += 1
        mse = float((logs or {})[self._monitor])
        if mse < self._lowest:
            self._lowest, self._wait = mse, 0
            if self.epoch or self._beats_start():
                self._keep(epoch + 1)
        if self._patience is not None and self._wait >= self._patience and epoch > 0:
            self.stopped = True
            self.model.stop_training = True

    def _keep(self, epoch: int) -> None:
        self._weights = self._weights_of.get_weights()
        self.epoch = epoch

    def restore_best_weights(self) -> None:
        """Gives the model the weights of its best epoch."""
        if self._weights is not None:
            self._weights_of.set_weights(self._weights)

    def state(self, epochs: int) -> tuple[dict[str, Any], list[NDArray]]:
        """Returns what `restore` needs.

        Args:
            epochs: Epochs done.

        Returns:
            Plain JSON values, and the best weights; none where they are the model's own.
        """
        # JSON has no infinity.
        lowest = None if math.isinf(self._lowest) else self._lowest
        values = {
            "epoch": self.epoch, "mse": lowest, "wait": self._wait, "stopped": self.stopped,
        }  # fmt: skip
        return values, [] if self.epoch == epochs else self._weights or []

    def restore(self, values: dict[str, Any], weights: list[NDArray]) -> None:
        """Goes on where another one was when it gave its `state`, with the model's weights."""
        self.epoch, self._wait = values["epoch"], values["wait"]
        self._lowest = math.inf if values["mse"] is None else values["mse"]
        self.stopped = values["stopped"]
        self._weights = weights or self._weights_of.get_weights()
