"""Models whose encoder or outputs are of other kinds than a run's."""

import keras
import numpy as np
import pytest
from keras import layers

from kerasae.anomaly.rapp import HiddenDifferences
from kerasae.errors import InvalidSetting
from kerasae.image_model import ImageModel
from kerasae.inference.export import export_model

SHAPE = (4, 4)
IMAGES = np.random.RandomState(0).rand(5, *SHAPE).astype(np.float32)


def _image_of(tensor):
    return layers.Reshape(SHAPE)(layers.Dense(16)(layers.Flatten()(tensor)))


def _layer(flat):
    return layers.Dense(2, name="encoder")(flat), "whose encoder is a Dense layer"


def _several(flat):
    ends = [layers.Dense(2)(flat), layers.Dense(1)(flat)]
    made = keras.Model(flat, ends, name="encoder")(flat)
    return layers.Concatenate()(made), "whose encoder has several inputs or outputs"


def _by_name(flat):
    ends = {"mean": layers.Dense(2)(flat), "variance": layers.Dense(1)(flat)}
    made = keras.Model(flat, ends, name="encoder")(flat)
    return layers.Concatenate()([*made.values()]), "whose encoder has several inputs or outputs"


def _nested(flat):
    ends = [layers.Dense(2)(flat), [layers.Dense(1)(flat)]]
    first, (second,) = keras.Model(flat, ends, name="encoder")(flat)
    return layers.Concatenate()([first, second]), "whose encoder has several inputs or outputs"


@pytest.mark.parametrize("make", [_layer, _several, _by_name, _nested])
def test_an_encoder_of_another_kind_is_used_as_far_as_it_goes_and_told(tmp_path, make):
    flat = keras.Input((16,))
    code, reason = make(flat)
    model = keras.Model(flat, layers.Dense(16)(code))
    used = ImageModel(model).on_shape(SHAPE)
    assert used.outputs(IMAGES).shape == IMAGES.shape
    assert used.codes(IMAGES).ndim == 2
    assert not HiddenDifferences.possible(model)
    with pytest.raises(InvalidSetting, match=f"{reason}.*; expected a nested model named encoder"):
        export_model(model, "saved_model", tmp_path / "out", part="encoder")


def test_codes_of_two_dimensions_and_layers_used_twice_have_no_hidden_differences():
    image, given = keras.Input(SHAPE), keras.Input(SHAPE)
    hidden = layers.Dense(6, "relu")
    two = layers.Reshape((2, 3))(hidden(layers.Flatten()(given)))
    twice = layers.Dense(16, "relu")
    again = twice(twice(layers.Flatten()(given)))
    for code in (two, again):
        encoder = keras.Model(given, code, name="encoder")
        model = keras.Model(image, _image_of(encoder(image)))
        assert not HiddenDifferences.possible(model)


def test_a_list_of_one_output_is_that_output():
    image = keras.Input(SHAPE)
    code = layers.Dense(2)(layers.Flatten()(image))
    model = ImageModel(keras.Model(image, [_image_of(code)])).on_shape(SHAPE)
    made = model.decoded(model.codes(IMAGES))
    assert np.allclose(made, model.outputs(IMAGES), atol=1e-6)
