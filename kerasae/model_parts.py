"""What a model is made of: its images, the size of its code, its encoder and decoder."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kerasae.data.image_data import ImageData
from kerasae.errors import InvalidSetting

if TYPE_CHECKING:
    import keras

ENCODER = "encoder"
DECODER = "decoder"
CENTRE = "minus_mean"


def check_shape(model: keras.Model, data: ImageData) -> tuple[int, ...]:
    """Returns the shape of the images that a model takes, after comparing it with the data's.

    Grey images with and without a channel axis are the same.

    Raises:
        InvalidSetting: If the data's images have another shape.
    """
    expected = tuple(model.input_shape[1:])
    given = data.train.shape[1:]
    if _without_channel(expected) != _without_channel(given):
        raise InvalidSetting(
            "model",
            f"a model of images {expected}",
            f"one of {given}, the shape of {data.name}'s images",
        )
    return expected


def code_size(model: keras.Model) -> int:
    """Returns the size of a model's code: the smallest output of any of its layers.

    Example:

    >>> from kerasae.models import basic_autoencoder
    >>> code_size(basic_autoencoder(latent_dim=7))
    7
    """
    sizes = []
    for layer in model.layers:
        if hasattr(layer, "layers"):
            sizes.append(code_size(layer))
        elif isinstance(getattr(layer.output, "shape", None), tuple):
            sizes.append(math.prod(size or 1 for size in layer.output.shape[1:]))
    return min(sizes)


def encoder_of(model: keras.Model) -> keras.Model:
    """Returns the half of a model from images to codes.

    Raises:
        InvalidSetting: If it has no layer `encoder`, as kerasae's have.
    """
    return _half(model, ENCODER)


def decoder_of(model: keras.Model) -> keras.Model:
    """Returns the half of a model from codes to images.

    Raises:
        InvalidSetting: If it has no layer `decoder`, as kerasae's have.
    """
    return _half(model, DECODER)


def _half(model: keras.Model, name: str) -> keras.Model:
    if name not in {layer.name for layer in model.layers}:
        raise InvalidSetting("model", f"one without a layer named {name}", "a run's model")
    return model.get_layer(name)


def _without_channel(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:2] if len(shape) == 3 and shape[2] == 1 else shape
