"""What TensorBoard shows of a run: curves, settings, network and reconstructions."""

import textwrap
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerasae.data.image_data import Parts
from kerasae.data.pixels import as_floats
from kerasae.experiment import Experiment
from kerasae.noise import TEST, scoring_input

_IMAGES = 16


def tensorboard_callbacks(
    folder: Path | None, experiment: Experiment, parts: Parts, autoencoder: keras.Model
) -> list[keras.callbacks.Callback]:
    """Logs the settings and the network when training begins, reconstructions when it ends.

    Keras' own callback, the first of them, logs the curves.

    Args:
        folder: Folder for TensorBoard logs; `None` logs nothing.
        experiment: The settings.
        parts: The images; the first test images are shown, or training images where none are.
        autoencoder: The model that is trained.
    """
    if folder is None:
        return []
    writer = tf.summary.create_file_writer(str(folder / "run"))
    part = parts.test if len(parts.test) else parts.train
    images = part.images[part.rows[:_IMAGES]]
    clean, noisy = as_floats(images), scoring_input(experiment, images, TEST)

    def on_train_begin(logs: dict[str, Any] | None) -> None:
        lines: list[str] = []
        autoencoder.summary(print_fn=lines.append, line_length=100, expand_nested=True)
        with writer.as_default(step=0):
            tf.summary.text("settings", _table(experiment.to_dict()))
            # TensorBoard reads Markdown, where four spaces keep lines as they are.
            tf.summary.text("network", textwrap.indent("\n".join(lines), "    "))

    def on_train_end(logs: dict[str, Any] | None) -> None:
        shown = {"original": clean}
        if noisy is not None:
            shown["noisy"] = np.clip(noisy, 0, 1)
        output = autoencoder(clean if noisy is None else noisy, training=False)
        shown["reconstruction"] = np.asarray(output)
        below = np.concatenate(list(shown.values()), axis=1)
        with writer.as_default(step=experiment.epochs):
            # A grey image has no axis of channels yet.
            stacked = below.reshape(*below.shape[:3], -1)
            tf.summary.image(", ".join(shown), stacked, max_outputs=_IMAGES)
        writer.close()

    return [
        keras.callbacks.TensorBoard(folder, write_graph=False),
        keras.callbacks.LambdaCallback(on_train_begin=on_train_begin, on_train_end=on_train_end),
    ]


def _table(settings: dict[str, Any]) -> str:
    rows = [f"| {name} | {value} |" for name, value in settings.items()]
    return "\n".join(["| setting | value |", "|---|---|", *rows])
