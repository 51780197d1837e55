"""Builders of dense autoencoders: plain, uncompiled functional Keras models."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerasae.errors import InvalidSetting
from kerasae.experiment import ARCHITECTURES, Experiment, check_setting
from kerasae.model_parts import CENTRE, DECODER, ENCODER
from kerasae.pca import PCA

CLIP = "clip"


def autoencoder(
    image_shape: Sequence[int],
    hidden_dims: Sequence[int],
    latent_dim: int,
    *,
    activation: str = "gelu",
    initializer: str = "glorot_uniform",
    l1: float = 0.0,
    dropout: float = 0.0,
    shortcut: str | None = None,
    pca: PCA | None = None,
    centred: bool = False,
    sigma: float = 0.0,
    seed: int = 0,
) -> keras.Model:
    """Builds a dense autoencoder of any depth, made of built-in layers only.

    The decoder mirrors the encoder. The sub-models can be had with
    `model.get_layer("encoder")` and `model.get_layer("decoder")`.

    Without a shortcut the network is a plain stack that ends in a sigmoid. With one, a
    linear path runs beside the stack, from the image to the code and from the code to the
    output, the two are added, and the output is clipped to [0, 1]. Started at PCA, with the
    stack's last layers at zero, such a network has PCA's error before its first step; where the
    mean image outweighs what the images vary by, it is subtracted first.

    Args:
        image_shape: Shape of one image: `(height, width)` or `(height, width, channels)`.
        hidden_dims: Widths of the hidden layers from the image to the code; may be empty.
        latent_dim: Size of the code.
        activation: Activation of the hidden layers; the code is linear.
        initializer: `"glorot_uniform"` or `"lecun_uniform"`, of the hidden layers' kernels.
        l1: Weight of the L1 activity regularizer on the code; 0 for none.
        dropout: Dropout rate after each hidden layer; 0 for none.
        shortcut: `None` for the plain stack, `"linear"` for a linear path with random
            weights, `"pca"` for one that starts at the PCA solution.
        pca: The fitted components, which `"pca"` needs; see `pca.fit_pca`.
        centred: Whether a mean image is subtracted first, whatever the images are; it is zero
            until weights are loaded, or PCA's.
        sigma: Noise on the input that the PCA start should expect, as a standard deviation;
            see `PCA.linear_path`.
        seed: Seed of the weights and of Dropout.

    Returns:
        A `keras.Model` from `(batch, *image_shape)` floats in [0, 1] to the same shape.

    Raises:
        InvalidSetting: If `shortcut` is none of the three, or is `"pca"` and `pca` is missing or
            of other images.

    Example:

    >>> model = autoencoder((28, 28), (64,), 8, shortcut="linear")
    >>> model.output_shape, model.get_layer("encoder").output_shape
    ((None, 28, 28), (None, 8))
    """
    image_shape = tuple(image_shape)
    pixels = int(np.prod(image_shape))
    check_setting("shortcut", shortcut)
    if shortcut == "pca" and (pca is None or pca.mean.size != pixels):
        received = "none" if pca is None else f"one of {pca.mean.size} pixels"
        raise InvalidSetting("pca", received, f"a PCA of {pixels} pixels; see kerasae.fit_pca")
    check_setting("initializer", initializer)
    layers = _Layers(activation, initializer, dropout, shortcut, seed, len(hidden_dims))
    start = pca if shortcut == "pca" else None
    centred = centred or (start is not None and start.mean_outweighs)
    penalty = keras.regularizers.L1(l1) if l1 else None

    image = keras.Input(image_shape, name="image")
    flat = keras.layers.Reshape((pixels,), name="flatten")(image)
    if centred:
        flat = _mean_subtraction()(flat)
    code = layers.path(flat, hidden_dims, latent_dim, "code", activity_regularizer=penalty)
    encoder = keras.Model(image, code, name=ENCODER)

    code_input = keras.Input((latent_dim,), name="code_input")
    output = layers.path(code_input, tuple(hidden_dims)[::-1], pixels, "pixels")
    # A sum that is clipped before it is reshaped makes TensorFlow's graph optimizer log errors.
    output = keras.layers.Reshape(image_shape, name="unflatten")(output)
    squash: keras.Layer = keras.layers.Activation("sigmoid", name="sigmoid")
    if shortcut:
        squash = keras.layers.ReLU(1.0, name=CLIP)
    decoder = keras.Model(code_input, squash(output), name=DECODER)
    if start is not None:
        kernel, bias, *outward = start.linear_path(latent_dim, sigma)
        if centred:
            encoder.get_layer(CENTRE).set_weights([start.mean, np.ones_like(start.mean)])
            # Of what has no mean, the code has none.
            bias = np.zeros_like(bias)
        encoder.get_layer("linear_code").set_weights([kernel, bias])
        decoder.get_layer("linear_pixels").set_weights(outward)
    return keras.Model(image, decoder(encoder(image)), name="autoencoder")


def _mean_subtraction() -> keras.Layer:
    """Makes a layer that subtracts a fixed image: a batch normalization that learns nothing.

    It is right as long as it is not made trainable.

    Pixels that are all positive move a unit together when each weight takes a step of Adam.
    """
    return keras.layers.BatchNormalization(
        center=False, scale=False, epsilon=0.0, trainable=False, name=CENTRE
    )


def network(
    experiment: Experiment,
    image_shape: Sequence[int],
    pca: PCA | None = None,
    *,
    centred: bool = False,
) -> keras.Model:
    """Builds the untrained network that an experiment describes.

    Args:
        experiment: The settings.
        image_shape: Shape of one image.
        pca: The fitted components, for an experiment that starts at PCA.
        centred: See `autoencoder`.

    Returns:
        See `autoencoder`.

    Example:

    >>> network(Experiment(shortcut=None), (28, 28)).count_params()
    418094
    """
    return autoencoder(
        image_shape,
        experiment.hidden_dims,
        experiment.latent_dim,
        activation=experiment.activation,
        initializer=experiment.initializer or "glorot_uniform",
        l1=experiment.l1,
        dropout=experiment.dropout or 0.0,
        shortcut=experiment.shortcut,
        pca=pca,
        centred=centred,
        sigma=experiment.sigma,
        seed=experiment.seed,
    )


class _Layers:
    """Makes the layers of one network, each with a seed of its own."""

    def __init__(
        self,
        activation: str,
        initializer: str,
        dropout: float,
        shortcut: str | None,
        seed: int,
        depth: int,
    ) -> None:
        self._activation = activation
        self._initializer = initializer
        self._dropout = dropout
        self._shortcut = shortcut
        self._seeds = iter(np.random.SeedSequence(seed).generate_state(4 * depth + 4))

    def path(
        self, x: keras.KerasTensor, hidden_dims: Sequence[int], units: int, name: str, **last: Any
    ) -> keras.KerasTensor:
        """Hidden layers and a linear layer called `name`, and the shortcut beside them.

        The keyword arguments go to the last layer.
        """
        hidden = x
        for number, width in enumerate(hidden_dims, 1):
            hidden = self._dense(
                width, f"hidden_{number}", self._initializer, activation=self._activation
            )(hidden)
            if self._dropout:
                seed = int(next(self._seeds))
                drop = keras.layers.Dropout(self._dropout, seed=seed, name=f"dropout_{number}")
                hidden = drop(hidden)
        if self._shortcut is None:
            return self._dense(units, name, **last)(hidden)
        # The stack starts silent beside PCA: what it adds must be learnt.
        first = {"kernel_initializer": "zeros"} if self._shortcut == "pca" else {}
        straight = self._dense(units, f"linear_{name}")(x)
        bent = self._dense(units, name, **first)(hidden)
        return keras.layers.Add(name=f"{name}_sum", **last)([straight, bent])

    def _dense(
        self, units: int, name: str, initializer: str = "glorot_uniform", **options: Any
    ) -> keras.Layer:
        config = {"class_name": initializer, "config": {"seed": int(next(self._seeds))}}
        options.setdefault("kernel_initializer", keras.initializers.get(config))
        return keras.layers.Dense(units, name=name, **options)


def unclipped(model: keras.Model) -> keras.Model:
    """Returns the model without the clipping of its output, sharing all its weights.

    Args:
        model: What `autoencoder` built.

    Returns:
        A model of the same shapes where `model` has a shortcut, or `model` itself.

    Example:

    >>> plain = autoencoder((28, 28), (64,), 8)
    >>> unclipped(plain) is plain
    True
    """
    encoder, decoder = model.get_layer(ENCODER), model.get_layer(DECODER)
    if not any(layer.name == CLIP for layer in decoder.layers):
        return model
    open_decoder = keras.Model(decoder.input, decoder.get_layer(CLIP).input)
    return keras.Model(model.input, open_decoder(encoder(model.input)))


def basic_autoencoder(
    image_shape: Sequence[int] = (28, 28),
    hidden_dim: int = ARCHITECTURES["basic"][0],
    latent_dim: int = Experiment.latent_dim,
    *,
    shortcut: str | None = None,
    pca: PCA | None = None,
) -> keras.Model:
    """Builds the report's "3 hidden layers": one hidden layer each side of the code.

    Args:
        image_shape: Shape of one image.
        hidden_dim: Width of the hidden layer.
        latent_dim: Size of the code.
        shortcut: See `autoencoder`.
        pca: See `autoencoder`.

    Returns:
        See `autoencoder`.

    Example:

    >>> basic_autoencoder().count_params()
    418094
    """
    return autoencoder(image_shape, (hidden_dim,), latent_dim, shortcut=shortcut, pca=pca)


def extended_autoencoder(
    image_shape: Sequence[int] = (28, 28),
    hidden_dims: tuple[int, ...] = ARCHITECTURES["extended"],
    latent_dim: int = Experiment.latent_dim,
    *,
    shortcut: str | None = None,
    pca: PCA | None = None,
) -> keras.Model:
    """Builds the report's "5 hidden layers": two hidden layers each side of the code.

    Args:
        image_shape: Shape of one image.
        hidden_dims: Widths of the two hidden layers, from the image to the code.
        latent_dim: Size of the code.
        shortcut: See `autoencoder`.
        pca: See `autoencoder`.

    Returns:
        See `autoencoder`.

    Example:

    >>> extended_autoencoder(latent_dim=15).get_layer("encoder").output_shape
    (None, 15)
    """
    return autoencoder(image_shape, hidden_dims, latent_dim, shortcut=shortcut, pca=pca)
