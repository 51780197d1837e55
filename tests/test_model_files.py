"""The gate for strangers' model files; the hostile ones are in the three `model_*_cases`."""

import json
import tempfile

import keras
import model_archive_cases
import model_config_cases
import model_weights_cases
import numpy as np
import pytest
from hostile import Cases, Place, assert_refused, refusals
from model_config_cases import payload
from model_parts import (
    PIXELS,
    dense,
    functional,
    good_arrays,
    good_config,
    good_file,
    image,
    layer,
    members,
    pack,
    tensor,
)

from kerasae.errors import ModelFileError
from kerasae.safety.model_files import checked_model, load_model_safely

CASES = Cases([*model_archive_cases.CASES, *model_config_cases.CASES, *model_weights_cases.CASES])


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    return refusals(
        tmp_path_factory.mktemp("models"),
        CASES,
        lambda number, place, made: ["evaluate", made, "--dataset", "mnist5k"],
    )


@CASES.parametrized
def test_a_hostile_file_is_refused_in_one_line(refused, one):
    assert_refused(refused[one.name], refused[one.name].made, one.reason)


def test_the_gate_lets_an_ordinary_model_through_with_its_bits(tmp_path):
    model = load_model_safely(good_file(Place(tmp_path, 0)))
    for ours, given in zip(model.get_weights(), good_arrays().values(), strict=True):
        assert np.array_equal(ours, given)
    assert not model.compiled
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def every_kind_of_layer():
    layers = keras.layers
    start = keras.Input((8, 8, 1))
    x = layers.Rescaling(2.0)(layers.Normalization()(start))
    x = layers.Conv2D(4, 3, padding="same", kernel_regularizer="l2")(x)
    x = layers.LayerNormalization()(layers.BatchNormalization()(x))
    x = layers.UpSampling2D()(layers.MaxPooling2D()(layers.ReLU()(x)))
    x = layers.Conv2DTranspose(2, 3, padding="same", activation="gelu")(x)
    x = layers.SeparableConv2D(2, 3, padding="same")(layers.DepthwiseConv2D(3, padding="same")(x))
    x = layers.PReLU(shared_axes=[1, 2])(layers.GroupNormalization(2)(x))
    x = layers.LeakyReLU()(layers.GaussianNoise(0.1)(x))
    y = layers.Conv2D(2, 1, activation=layers.LeakyReLU(), kernel_constraint="non_neg")(x)
    x = layers.Concatenate()([layers.Add(activity_regularizer="l1")([x, y]), y])
    x = layers.Dense(5, activation=keras.activations.swish)(layers.Flatten()(x))
    x = layers.ActivityRegularization(0.1)(layers.Dropout(0.5)(x))
    inner = keras.Sequential(
        [keras.Input((5,)), layers.Dense(64, "sigmoid"), layers.Reshape((8, 8, 1))]
    )
    model = keras.Model(start, inner(x))
    model.compile("adam", "mse", metrics=["mae"])
    # As after training, which would take ten seconds to compile.
    model.optimizer.build(model.trainable_variables)
    random = np.random.RandomState(0)
    for weight in model.weights:
        if weight.trainable or "moving" in weight.path:
            weight.assign(np.abs(weight + random.randn(*weight.shape) / 9))
    return model


SIZES = [keras.layers.Resizing(12, 10, antialias=True), keras.layers.CenterCrop(8, 8)]


def random_layers():
    layers, values = keras.layers, {"value_range": (0, 1), "seed": 3}
    return [
        layers.RandomFlip("horizontal"), layers.RandomRotation((-0.1, 0.2), fill_mode="constant"),
        layers.RandomTranslation(0.1, (-0.1, 0.3)), layers.RandomZoom(0.2, interpolation="nearest"),
        layers.RandomZoom((0.1, 0.2), 0.3), layers.RandomContrast(0.5, **values),
        layers.RandomBrightness((-0.2, 0.1), **values), layers.RandomCrop(8, 8, seed=1),
        layers.GaussianNoise(0.3),
    ]  # fmt: skip


def test_random_layers_pass_and_do_nothing_and_sizes_are_changed(tmp_path):
    plain = keras.Sequential([keras.Input((8, 8, 1)), *SIZES, keras.layers.Conv2D(2, 3)])
    model = keras.Sequential([keras.Input((8, 8, 1)), *random_layers(), *plain.layers])
    model.save(tmp_path / "model.keras")
    images = np.random.RandomState(1).rand(2, 8, 8, 1).astype(np.float32)
    loaded = load_model_safely(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(images, training=False), plain(images))
    np.testing.assert_array_equal(
        loaded.predict(images, verbose=0), plain.predict(images, verbose=0)
    )


def test_sizes_are_bounded_by_the_largest_output(tmp_path):
    for kind in (keras.layers.Resizing, keras.layers.CenterCrop):
        model = keras.Sequential([keras.Input((8, 8, 1)), kind(10_000, 10_000)])
        model.save(tmp_path / "large.keras")
        with pytest.raises(ModelFileError, match="makes 100,000,000 numbers per image"):
            load_model_safely(tmp_path / "large.keras")


def test_hdf5_files_and_lambdas_are_told_what_they_are(tmp_path):
    image = keras.Input((4, 4))
    model = keras.Model(image, keras.layers.Lambda(lambda x: x + 1)(image))
    model.save(tmp_path / "model.keras")
    with pytest.raises(ModelFileError, match="Lambda and custom layers is not taken from files"):
        load_model_safely(tmp_path / "model.keras", trust=True)
    plain = keras.Sequential([image, keras.layers.Dense(4)])
    plain.save(tmp_path / "old.h5")
    plain.save_weights(tmp_path / "old.weights.h5")
    for name in ("old.h5", "old.weights.h5"):
        with pytest.raises(ModelFileError, match=r"is an HDF5 file.*load_model.*\.save\("):
            load_model_safely(tmp_path / name)


def unbuilt_sequential():
    model = keras.Sequential([keras.layers.Dense(3, "relu"), keras.layers.Dense(8)])
    model(np.zeros((2, 8)))
    return model


@pytest.mark.parametrize("make", [every_kind_of_layer, unbuilt_sequential])
def test_models_of_other_people_compute_the_same_after_the_gate(tmp_path, make):
    model = make()
    model.save(tmp_path / "model.keras")
    loaded = load_model_safely(tmp_path / "model.keras")
    images = np.random.RandomState(1).rand(2, *model.input_shape[1:])
    np.testing.assert_array_equal(model(images), loaded(images))


def test_what_a_file_says_of_compilation_is_dropped(tmp_path):
    place = Place(tmp_path, 0)
    code = {"class_name": "__lambda__", "config": {"value": payload(place)}}
    config = {**good_config(), "compile_config": {"optimizer": "adam", "loss": code}}
    assert not load_model_safely(pack(place, members(config))).compiled
    assert not place.canary.exists()


@pytest.mark.parametrize("told", [{}, {"data_format": None}])
def test_channels_come_last_where_the_file_does_not_tell_whatever_keras_json_says(tmp_path, told):
    flat = layer("Flatten", {"name": "flat", **told}, "pixels")
    path = pack(Place(tmp_path, 0), members(good_config(flat, output="flat")))
    keras.config.set_image_data_format("channels_first")
    try:
        assert load_model_safely(path).layers[-1].data_format == "channels_last"
    finally:
        keras.config.set_image_data_format("channels_last")


def test_trust_lifts_the_allowlist_and_nothing_else(tmp_path):
    place = Place(tmp_path, 0)
    node = layer("Masking", {"name": "m", "mask_value": 0.5}, "pixels")
    path = pack(place, members(good_config(node, output="m")))
    with pytest.raises(ModelFileError, match=r"keras\.layers\.Masking' is not in the allowlist"):
        load_model_safely(path)
    assert load_model_safely(path, trust=True).layers[-1].mask_value == 0.5
    code = {"class_name": "__lambda__", "config": {"value": payload(place)}}
    bytecode = layer("Lambda", {"name": "l", "function": code}, "pixels")
    path = pack(place, members(good_config(bytecode, output="l")))
    with pytest.raises(ModelFileError, match="Keras cannot build it"):
        load_model_safely(path, trust=True)
    assert not place.canary.exists()
    path = pack(place, {**members(), "assets/x": ""})
    with pytest.raises(ModelFileError, match="is not expected"):
        load_model_safely(path, trust=True)
    config = good_config(node, dense("d", PIXELS, 10**9, "m"), output="d")
    with pytest.raises(ModelFileError, match="declares layers with 5,000,000,031 weights"):
        load_model_safely(pack(place, members(config)), trust=True)


def doubling(count):
    """Concatenates the image with itself again and again."""
    nodes, source = [], "image"
    for number in range(count):
        made = layer("Concatenate", {"name": f"c{number}", "axis": -1}, source)
        made["inbound_nodes"][0]["args"] = [[tensor(source), tensor(source)]]
        nodes.append(made)
        source = f"c{number}"
    return functional("model", [image(), *nodes], source)


def wider_input():
    """A layer built for 4 pixels, as its weights are, that is then fed a hundred million."""
    config = good_config()
    config["config"]["layers"][0] = image(1 << 26)
    return config


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (doubling(30), "numbers per image"),
        (wider_input(), "Keras cannot build it"),
        (good_config(output="nowhere"), "Keras cannot build it"),
        (good_config(dense("loop", 4, 4, "loop")), "weights"),
    ],
)
def test_a_model_that_does_not_fit_together_is_refused_by_name(tmp_path, config, reason):
    arrays = {} if "c1" in json.dumps(config) else None
    content = members(config)
    if arrays is not None:
        content["model.weights.h5"] = empty_weights()
    path = pack(Place(tmp_path, 0), content)
    with pytest.raises(ModelFileError, match=reason) as refused:
        load_model_safely(path)
    assert str(path) in str(refused.value)
    assert tempfile.gettempdir() + "/kerasae-" not in str(refused.value)


def empty_weights():
    import io

    import h5py

    content = io.BytesIO()
    h5py.File(content, "w").close()
    return content.getvalue()


def test_the_copy_is_private_and_gone_afterwards(tmp_path):
    with checked_model(good_file(Place(tmp_path, 0))) as copy:
        assert copy.parent.stat().st_mode & 0o077 == 0
    assert not copy.parent.exists()
