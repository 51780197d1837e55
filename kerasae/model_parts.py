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
        InvalidSetting: If it has no nested model `encoder` from one tensor to one, as kerasae's
            have.
    """
    return _half(model, ENCODER)


def decoder_of(model: keras.Model) -> keras.Model:
    """Returns the half of a model from codes to images.

    Raises:
        InvalidSetting: If it has no nested model `decoder` from one tensor to one, as kerasae's
            have.
    """
    return _half(model, DECODER)


def _half(model: keras.Model, name: str) -> keras.Model:
    if name not in {layer.name for layer in model.layers}:
        raise InvalidSetting("model", f"one without a layer named {name}", "a run's model")
    import keras

    half = model.get_layer(name)
    if not isinstance(half, keras.Model):
        received = f"one whose {name} is a {type(half).__name__} layer"
    elif not all(isinstance(end, keras.KerasTensor) for end in (half.input, half.output)):
        received = f"one whose {name} has several inputs or outputs"
    else:
        return half
    raise InvalidSetting(
        "model", received, f"a nested model named {name}, from one tensor to one, as a run's has"
    )
