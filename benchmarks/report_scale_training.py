"""Trains the report's networks on pixels in [-1, 1], to see whether its figures appear.

    python benchmarks/report_scale_training.py --data-dir DATA

MNIST, Adam, batches of 128, ReLU, seed 0, no schedule: as a first exercise would do it.
Expected training losses after the last epoch (one seed, one thread), the report's beside them:

    256-15, tanh output, 10 epochs                                0.0685   0.0681
    256-100, tanh output, 10 epochs                               0.0218   0.0313
    512-256-15, tanh output, 10 epochs                            0.0560   0.0823
    512-256-100, tanh output, 10 epochs                           0.0193   0.0699
    256-100, ReLU output, Dropout after every layer, 2 epochs     0.9254   0.9259
    256-100, sigmoid output, Dropout in the hidden layers, 3      0.9254   0.9259
    256-100, ReLU output, Dropout in the hidden layers, 3, 10e-3  0.9254   0.9259
    256-100, tanh output, Dropout in the hidden layers, 3         0.1771   0.9259

`docs/dropout-figure.md` discusses them. Takes 8 to 15 minutes.
"""

from __future__ import annotations

import argparse

import keras
import numpy as np
from numpy.typing import NDArray

from kerasae.data.datasets import load_dataset

# Hidden widths, size of the code, output activation, Dropout rate in the hidden layers and the
# code, on the output, learning rate, epochs.
RUNS: tuple[tuple[tuple[int, ...], int, str, float, float, float, int], ...] = (
    ((256,), 15, "tanh", 0.0, 0.0, 1e-3, 10),
    ((256,), 100, "tanh", 0.0, 0.0, 1e-3, 10),
    ((512, 256), 15, "tanh", 0.0, 0.0, 1e-3, 10),
    ((512, 256), 100, "tanh", 0.0, 0.0, 1e-3, 10),
    ((256,), 100, "relu", 0.5, 0.5, 1e-3, 2),
    ((256,), 100, "sigmoid", 0.5, 0.0, 1e-3, 3),
    ((256,), 100, "relu", 0.5, 0.0, 1e-2, 3),
    ((256,), 100, "tanh", 0.5, 0.0, 1e-3, 3),
)


def training_losses(
    pixels: NDArray[np.float32],
    hidden_dims: tuple[int, ...],
    latent_dim: int,
    output: str,
    dropout: float,
    output_dropout: float,
    learning_rate: float,
    epochs: int,
) -> list[float]:
    """Trains one network and returns the loss that Keras prints for each epoch."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential([keras.Input((784,))])
    for units in (*hidden_dims, latent_dim, *hidden_dims[::-1]):
        model.add(layers.Dense(units, "relu"))
        if dropout:
            model.add(layers.Dropout(dropout))
    model.add(layers.Dense(784, output))
    if output_dropout:
        model.add(layers.Dropout(output_dropout))
    optimizer = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer, "mse", jit_compile=True, steps_per_execution=50)
    history = model.fit(pixels, pixels, batch_size=128, epochs=epochs, verbose=0)
    return [float(loss) for loss in history.history["loss"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="folder of mnist.npz; default: Keras' cache")
    images = load_dataset("mnist", parser.parse_args().data_dir).train
    pixels = images.reshape(-1, 784).astype(np.float32) / 127.5 - 1
    for settings in RUNS:
        losses = training_losses(pixels, *settings)
        print(*settings, "->", *(f"{loss:.4f}" for loss in losses), flush=True)


if __name__ == "__main__":
    main()
