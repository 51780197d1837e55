"""What kerasae's own models are made of: an encoder and a decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerasae.errors import InvalidSetting

if TYPE_CHECKING:
    import keras

ENCODER = "encoder"
DECODER = "decoder"
CENTRE = "minus_mean"


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
