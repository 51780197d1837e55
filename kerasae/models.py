"""Builders of dense autoencoders: plain, uncompiled functional Keras models."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np


def autoencoder(
    image_shape: Sequence[int],
    hidden_dims: Sequence[int],
    latent_dim: int,
    *,
    activation: str = "relu",
    l1: float = 0.0,
    dropout: float = 0.0,
    seed: int = 0,
) -> keras.Model:
    """Builds a dense autoencoder of any depth, made of built-in layers only.

    The decoder mirrors the encoder and ends in a sigmoid. The sub-models can be had with
    `model.get_layer("encoder")` and `model.get_layer("decoder")`.

    Args:
        image_shape: Shape of one image: `(height, width)` or `(height, width, channels)`.
        hidden_dims: Widths of the hidden layers from the image to the code; may be empty.
        latent_dim: Size of the code.
        activation: Activation of the hidden layers; the code is linear.
        l1: Weight of the L1 activity regularizer on the code; 0 for none.
        dropout: Dropout rate after each hidden layer; 0 for none.
        seed: Seed of the weights and of Dropout.

    Returns:
        A `keras.Model` from `(batch, *image_shape)` floats in [0, 1] to the same shape.

    Example:

    >>> model = autoencoder((28, 28), (64,), 8)
    >>> model.output_shape, model.get_layer("encoder").output_shape
    ((None, 28, 28), (None, 8))
    """
    image_shape = tuple(image_shape)
    pixels = int(np.prod(image_shape))
    seeds = iter(np.random.SeedSequence(seed).generate_state(4 * len(hidden_dims) + 2))

    def dense(units: int, name: str, function: str | None, penalty: float = 0.0) -> keras.Layer:
        regularizer = keras.regularizers.L1(penalty) if penalty else None
        return keras.layers.Dense(
            units,
            activation=function,
            kernel_initializer=keras.initializers.GlorotUniform(int(next(seeds))),
            activity_regularizer=regularizer,
            name=name,
        )

    def stack(x: keras.KerasTensor, widths: Sequence[int], side: str) -> keras.KerasTensor:
        for number, units in enumerate(widths, 1):
            x = dense(units, f"{side}_{number}", activation)(x)
            if dropout:
                drop = keras.layers.Dropout(dropout, seed=int(next(seeds)))
                x = drop(x)
        return x

    image = keras.Input(image_shape, name="image")
    flat = keras.layers.Reshape((pixels,), name="flatten")(image)
    code = dense(latent_dim, "code", None, l1)(stack(flat, hidden_dims, "hidden"))
    encoder = keras.Model(image, code, name="encoder")

    code_input = keras.Input((latent_dim,), name="code_input")
    hidden = stack(code_input, tuple(hidden_dims)[::-1], "hidden")
    output = keras.layers.Reshape(image_shape, name="unflatten")(
        dense(pixels, "pixels", "sigmoid")(hidden)
    )
    decoder = keras.Model(code_input, output, name="decoder")
    return keras.Model(image, decoder(encoder(image)), name="autoencoder")


def basic_autoencoder(
    image_shape: Sequence[int] = (28, 28), hidden_dim: int = 256, latent_dim: int = 30
) -> keras.Model:
    """Builds the report's "3 hidden layers": one hidden layer each side of the code.

    Args:
        image_shape: Shape of one image.
        hidden_dim: Width of the hidden layer.
        latent_dim: Size of the code.

    Returns:
        See `autoencoder`.

    Example:

    >>> basic_autoencoder().count_params()
    418094
    """
    return autoencoder(image_shape, (hidden_dim,), latent_dim)


def extended_autoencoder(
    image_shape: Sequence[int] = (28, 28),
    hidden_dims: tuple[int, int] = (512, 256),
    latent_dim: int = 30,
) -> keras.Model:
    """Builds the report's "5 hidden layers": two hidden layers each side of the code.

    Args:
        image_shape: Shape of one image.
        hidden_dims: Widths of the two hidden layers, from the image to the code.
        latent_dim: Size of the code.

    Returns:
        See `autoencoder`.

    Example:

    >>> extended_autoencoder(latent_dim=15).get_layer("encoder").output_shape
    (None, 15)
    """
    return autoencoder(image_shape, hidden_dims, latent_dim)
