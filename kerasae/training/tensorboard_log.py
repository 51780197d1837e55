"""What TensorBoard shows of a run beside its curves: settings, network and reconstructions."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kerasae.experiment import Experiment

IMAGES = 16


class RunDetails(keras.callbacks.Callback):
    """Logs the settings and the network when training begins, reconstructions when it ends.

    Args:
        folder: Folder for TensorBoard logs.
        experiment: The settings.
        autoencoder: The model that is trained.
        images: Images to show, in [0, 1], `float32`, `(images, *image_shape)`.
        inputs: What the model gets for them: the same, or with noise.
    """

    def __init__(
        self,
        folder: Path,
        experiment: Experiment,
        autoencoder: keras.Model,
        images: NDArray[np.float32],
        inputs: NDArray[np.float32],
    ) -> None:
        super().__init__()
        self._writer = tf.summary.create_file_writer(str(folder / "run"))
        self._experiment = experiment
        self._autoencoder = autoencoder
        self._images = images
        self._inputs = inputs

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Logs what is known before the first epoch."""
        lines: list[str] = []
        self._autoencoder.summary(print_fn=lines.append, line_length=100, expand_nested=True)
        with self._writer.as_default(step=0):
            tf.summary.text("settings", _table(self._experiment.to_dict()))
            # TensorBoard reads Markdown, where four spaces keep lines as they are.
            text = "\n".join(lines)
            tf.summary.text("network", "\n".join(f"    {line}" for line in text.splitlines()))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Logs each image above what the model makes of it."""
        outputs = np.asarray(self._autoencoder(self._inputs, training=False))
        shown = [self._images, outputs]
        title = "original, reconstruction"
        if self._experiment.sigma:
            shown.insert(1, np.clip(self._inputs, 0, 1))
            title = "original, noisy, reconstruction"
        stacked = np.concatenate(shown, axis=1)
        if stacked.ndim == 3:
            stacked = stacked[..., None]
        with self._writer.as_default(step=self._experiment.epochs):
            tf.summary.image(title, stacked, max_outputs=IMAGES)
        self._writer.close()


def _table(settings: dict[str, Any]) -> str:
    rows = [f"| {name} | {value} |" for name, value in settings.items()]
    return "\n".join(["| setting | value |", "|---|---|", *rows])
