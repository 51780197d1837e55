"""Anybody's models on images: flat, convolutional, in other ranges; scores by NumPy."""

import json
import warnings

import keras
import numpy as np
import pytest
from commands import command
from keras import layers
from PIL import Image

from kerasae.data.image_data import ImageData
from kerasae.errors import InvalidSetting, KerasAEWarning
from kerasae.evaluation import evaluate
from kerasae.image_model import ImageModel
from kerasae.inference.latent_plane import latent_plane
from kerasae.model_outputs import image_mse_function, outputs
from kerasae.models import autoencoder, basic_autoencoder

RANDOM = np.random.RandomState(0)
BRIGHT = RANDOM.randint(64, 256, (40, 8, 8)).astype(np.uint8)
BINARY = (RANDOM.rand(40, 8, 8) > 0.5).astype(np.uint8) * 255


def of(*stack, shape=(8, 8)):
    return keras.Sequential([keras.Input(shape), *stack])


def data_of(images):
    return ImageData.from_arrays(images[:30], test=images[30:])


def in_255():
    """The identity of images from 64 to 255; what is fed from 0 to 1 becomes 64."""
    return of(
        layers.Rescaling(1 / 255),
        layers.Rescaling(255, -64),
        layers.ReLU(),
        layers.Rescaling(1, 64),
    )


def in_minus_1():
    """The identity of -1 and 1, to which 0 is white."""
    return of(layers.Rescaling(20.0, 5.0), layers.Activation("tanh"))


def halved(shape):
    """The mean of each square of four pixels."""
    return of(layers.AveragePooling2D(2), layers.UpSampling2D(), shape=shape)


def halved_by_numpy(images):
    n, height, width = images.shape
    means = images.reshape(n, height // 2, 2, width // 2, 2).mean((2, 4))
    return means.repeat(2, 1).repeat(2, 2)


@pytest.mark.parametrize(
    ("make", "images", "wanted", "before"),
    [
        (in_255, BRIGHT, "0-255", lambda x: np.square(64 - x).mean()),
        (in_minus_1, BINARY, "-1-1", lambda x: np.square(np.tanh(20 * x + 5) - x).mean()),
        (lambda: of(layers.Rescaling(1 / 255)), BRIGHT, "0-255,0-1",
         lambda x: np.square(x / 255 - x).mean()),
        (lambda: of(layers.Rescaling(255.0)), BRIGHT, "0-1,0-255",
         lambda x: np.square(x * 255 - x).mean()),
    ],
)  # fmt: skip
def test_a_model_in_another_range_is_told_and_scored_in_0_to_1_with_the_option(
    make, images, wanted, before
):
    model, data = make(), data_of(images)
    with pytest.warns(KerasAEWarning, match=f"with --model-range {wanted} it is"):
        found = evaluate(model, data).model["test"]
    assert found.mse == pytest.approx(before(data.test / 255), rel=1e-5)
    with warnings.catch_warnings(action="error"):
        right = evaluate(ImageModel(model, wanted), data).model["test"]
    assert right.mse < 1e-12


def test_a_model_that_makes_no_images_in_any_range_is_told_too():
    with pytest.warns(KerasAEWarning, match=r"MSE is .*; expected outputs in \[0, 1\]"):
        evaluate(of(layers.Rescaling(0.0, 7.0)), data_of(BRIGHT))


@pytest.mark.parametrize("images", [BRIGHT, BINARY, BRIGHT * 0, BRIGHT // 16])
def test_no_other_model_is_suspected(images):
    grey = of(layers.Rescaling(0.0, 0.5))
    for model in (basic_autoencoder((8, 8), 8, 2), of(layers.Identity()), grey, halved((8, 8, 1))):
        with warnings.catch_warnings(action="error"):
            evaluate(model, data_of(images))


def test_a_convolutional_model_scores_what_numpy_says_and_has_no_pca(tmp_path):
    data = data_of(BRIGHT)
    found = evaluate(halved((8, 8, 1)), data)
    expected = np.square(halved_by_numpy(data.test / 255) - data.test / 255).mean((1, 2))
    assert found.model["test"].mse == pytest.approx(expected.mean(), rel=1e-5)
    assert (found.latent_dim, found.pca) == (None, {})
    halved((8, 8, 1)).save(tmp_path / "m.keras")
    np.save(tmp_path / "a.npy", data.test)
    done = command("score", tmp_path / "m.keras", tmp_path / "a.npy", "--json")
    printed = {one["name"]: one["mse"] for one in json.loads(done.stdout)["images"]}
    for row, error in enumerate(expected):
        assert printed[f"{tmp_path}/a.npy[{row}]"] == pytest.approx(error, rel=1e-5)


def test_a_model_of_any_size_takes_the_size_of_the_images():
    for size in (8, 6):
        data = data_of(BRIGHT[:, :size])
        clean = data.test / 255
        found = evaluate(halved((None, None, 1)), data).model["test"].mse
        assert found == pytest.approx(np.square(halved_by_numpy(clean) - clean).mean(), rel=1e-5)
    with pytest.raises(InvalidSetting, match="keeps their size"):
        evaluate(halved((None, None, 1)), data_of(BRIGHT[:, :7]))
    large = ImageModel(of(layers.Conv2D(1 << 20, 1), layers.Conv2D(1, 1), shape=(None, None, 1)))
    with pytest.raises(InvalidSetting, match="numbers of such an image"):
        large.on_shape((64, 64))


def reversing(pixels, *last):
    """A flat model that turns images by 180 degrees."""
    model = of(layers.Dense(pixels, use_bias=False), *last, shape=(pixels,))
    model.layers[0].set_weights([np.eye(pixels, dtype=np.float32)[::-1]])
    return model


@pytest.mark.parametrize(
    ("shape", "pixels", "last"),
    [((8, 6), 48, ()), ((28, 28), 784, ()), ((28, 28), 784, (layers.Reshape((28, 28, 1)),)),
     ((32, 32, 3), 3072, ()), ((4, 9, 3), 108, ())],
)  # fmt: skip
def test_flat_models_take_pictures_of_their_size_or_a_square(tmp_path, shape, pixels, last):
    picture = RANDOM.randint(0, 256, shape).astype(np.uint8)
    (tmp_path / "in").mkdir()
    Image.fromarray(picture).save(tmp_path / "in" / "a.png")
    reversing(pixels, *last).save(tmp_path / "m.keras")
    done = command("apply", tmp_path / "m.keras", tmp_path / "in", "--out", tmp_path / "out")
    assert done.code == 0, done.stderr
    turned = np.asarray(Image.open(tmp_path / "out" / "a.png"))
    # The colours of a pixel are turned around as well.
    np.testing.assert_array_equal(turned, picture.ravel()[::-1].reshape(shape))


def test_pictures_of_other_sizes_are_scaled_to_the_square_of_a_flat_model(tmp_path):
    for number, size in enumerate(((16, 16), (30, 20))):
        Image.new("L", size, 51).save(tmp_path / f"{number}.png")
    model = reversing(64)
    model.save(tmp_path / "m.keras")
    done = command("score", tmp_path / "m.keras", tmp_path, "--json")
    assert [round(one["mse"], 9) for one in json.loads(done.stdout)["images"]] == [0, 0]


def test_flat_models_are_scored_on_a_data_set():
    data = data_of(BRIGHT)
    clean = data.test / 255
    found = evaluate(reversing(64), data).model["test"].mse
    assert found == pytest.approx(np.square(clean[:, ::-1, ::-1] - clean).mean(), rel=1e-5)


def coded(*after, name=None):
    """A model of two nested ones, whose layers have the same names."""
    inward = [layers.Flatten(), layers.Dense(6, name="dense"), layers.Dense(3, name="code"), *after]
    outward = [
        layers.Dense(6, name="dense"),
        layers.Dense(64, name="pixels"),
        layers.Reshape((8, 8)),
    ]
    first = of(*inward)
    second = of(*outward, shape=(3,))
    first.name, second.name = name or "inward", "outward"
    return of(first, second)


def test_codes_are_those_of_the_bottleneck_after_its_activation():
    images = BRIGHT / np.float32(255)
    model = coded(layers.ReLU(name="relu"))
    rows = images.reshape(len(images), -1)
    for layer in model.layers[0].layers[1:3]:
        kernel, bias = layer.get_weights()
        rows = rows @ kernel + bias
    one = ImageModel(model).on_shape((8, 8))
    assert one.code_size == 3
    np.testing.assert_allclose(one.codes(images), np.maximum(rows, 0), atol=1e-5)
    named = ImageModel(model, code_layer="code").on_shape((8, 8))
    np.testing.assert_allclose(named.codes(images), rows, atol=1e-5)
    for model in (one, named):
        np.testing.assert_allclose(
            model.decoded(model.codes(images)), one.outputs(images), atol=1e-5
        )


def test_dropout_and_random_layers_are_off_on_the_way_to_codes():
    image = layers.RandomFlip(), layers.Flatten(), layers.Dropout(0.5), layers.Dense(3)
    model = ImageModel(of(*image, layers.Dense(64))).on_shape((8, 8))
    images = BRIGHT / np.float32(255)
    kernel, bias = model.model.layers[3].get_weights()
    expected = images.reshape(-1, 64) @ kernel + bias
    np.testing.assert_allclose(model.codes(images), expected, atol=1e-5)


def with_skip():
    image = keras.Input((8, 8))
    code = layers.Dense(3, name="side")(layers.Flatten()(image))
    pixels = layers.Reshape((8, 8))(layers.Dense(64)(code))
    return keras.Model(image, layers.Add()([pixels, layers.Dense(8)(image)]))


def test_what_can_be_passed_by_is_no_bottleneck():
    model = ImageModel(with_skip()).on_shape((8, 8))
    assert model.code_size is None
    with pytest.raises(InvalidSetting, match="bottleneck"):
        model.codes(BRIGHT / 255)
    named = ImageModel(with_skip(), code_layer="side").on_shape((8, 8))
    assert named.codes(BRIGHT / 255).shape == (40, 3)
    with pytest.raises(InvalidSetting, match="ways around the layer"):
        named.decoded(np.zeros((2, 3)))


@pytest.mark.parametrize("shortcut", [None, "linear"])
def test_our_own_models_give_the_same_bits(shortcut):
    # A hidden layer that is narrower than the code is not the code.
    model = autoencoder((8, 8), (2,), 5, shortcut=shortcut)
    one, images = ImageModel(model).on_shape((8, 8)), BRIGHT / np.float32(255)
    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    codes = outputs(encoder, images)
    assert one.code_size == 5
    np.testing.assert_array_equal(one.codes(images), codes)
    np.testing.assert_array_equal(one.decoded(codes), outputs(decoder, codes))
    np.testing.assert_array_equal(one.outputs(images), outputs(model, images))
    np.testing.assert_array_equal(one.errors(BRIGHT), image_mse_function(model)(BRIGHT))


def test_half_precision_and_operations_that_xla_lacks_are_scored():
    half = keras.DTypePolicy("mixed_float16")
    code = layers.Flatten(), layers.Dense(3, dtype=half), layers.Dense(64, dtype=half)
    bicubic = halved((8, 8, 1)).layers[0], layers.UpSampling2D(interpolation="bicubic")
    for model in (of(*code), of(*bicubic, shape=(8, 8, 1))):
        data = data_of(BRIGHT)
        clean = (data.test / 255).reshape(-1, *model.input_shape[1:])
        made = model.predict(clean, verbose=0).reshape(clean.shape)
        found = evaluate(model, data).model["test"].mse
        assert found == pytest.approx(np.square(made - clean).mean(), rel=1e-2)


def test_the_plane_of_a_flat_model_is_decoded():
    model = of(layers.Dense(2, name="c"), layers.Dense(64), shape=(64,))
    plane = latent_plane(model, data_of(BRIGHT))
    (kernel, bias), clean = model.layers[0].get_weights(), BRIGHT[30:].reshape(10, -1) / 255
    np.testing.assert_allclose(plane.codes, clean @ kernel + bias, atol=1e-5)
    assert plane.decoded.shape == (15, 15, 8, 8)


def test_images_that_are_all_the_same_have_a_plane(recwarn):
    data = data_of(np.full((40, 8, 8), 7, np.uint8))
    model = basic_autoencoder((8, 8), 8, 3)
    for method in ("pca", "tsne"):
        places = latent_plane(model, data, method).codes
        assert np.abs(places).max() < 1e-3
    assert not [one for one in recwarn if issubclass(one.category, RuntimeWarning)]


def not_finite():
    return of(layers.Flatten(), layers.Dense(3, bias_initializer=keras.initializers.Constant(1e30)),
              layers.Rescaling(1e30), layers.Dense(64), layers.Reshape((8, 8)))  # fmt: skip


def two_inputs():
    ends = keras.Input((8, 8)), keras.Input((8, 8))
    return keras.Model(ends, layers.Add()(ends))


def by_name():
    image = keras.Input((8, 8), name="image")
    return keras.Model({"image": image}, {"made": layers.Dense(8)(image)})


@pytest.mark.parametrize(
    ("make", "words", "reason"),
    [
        (two_inputs, ["evaluate", "--dataset"], "one input and one output"),
        (by_name, ["score"], "one input and one output"),
        (not_finite, ["encode", "--out", "x.npy"], "not finite"),
        (not_finite, ["evaluate", "--dataset"], "not finite"),
        (lambda: halved((8, 8, 1)), ["encode", "--out", "x.npy"], "(4, 4, 1)"),
        (lambda: halved((8, 8, 1)), ["latent", "--dataset"], "name another layer"),
        (coded, ["encode", "--out", "x.npy", "--code-layer", "z"], "one of flatten"),
        (coded, ["apply", "--out", "x", "--model-range", "0-256"], "one of 0-1, 0-255, -1-1"),
        (lambda: reversing(50), ["score"], "50 numbers without height and width"),
        (lambda: reversing(50), ["evaluate", "--dataset"], "one of (8, 8)"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_in_one_line(tmp_path, make, words, reason):
    images = tmp_path / "a.npy"
    np.save(images, BRIGHT)
    make().save(tmp_path / "m.keras")
    before = sorted(tmp_path.iterdir())
    words = [tmp_path / word if word.startswith("x") else word for word in words]
    done = command(words[0], tmp_path / "m.keras", *words[1:], images)
    # What was understood of the data set stands above.
    lines = [one for one in done.stderr.splitlines() if not one.startswith("kerasae: a.npy: 40")]
    assert (done.code, len(lines)) == (2, 1), done.stderr
    assert reason in lines[0]
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.filterwarnings("always::kerasae.errors.KerasAEWarning")
def test_the_options_of_the_command_reach_the_model(tmp_path):
    np.save(tmp_path / "a.npy", BRIGHT)
    in_255().save(tmp_path / "m.keras")
    told = command("score", tmp_path / "m.keras", tmp_path / "a.npy", "--json")
    assert "warning: the model does not seem to work in [0, 1]" in told.stderr
    ranged = ("--model-range", "0-255", "--json")
    right = command("score", tmp_path / "m.keras", tmp_path / "a.npy", *ranged)
    assert not right.stderr
    assert max(one["mse"] for one in json.loads(right.stdout)["images"]) < 1e-12
    in_minus_1().save(tmp_path / "n.keras")
    words = ("--dataset", tmp_path / "a.npy", "--model-range", "-1-1", "--json")
    assert command("evaluate", tmp_path / "n.keras", *words).code == 0
    coded().save(tmp_path / "c.keras")
    words = ("--code-layer", "dense", "--out", tmp_path / "codes.npy")
    done = command("encode", tmp_path / "c.keras", tmp_path / "a.npy", *words)
    assert done.code == 0, done.stderr
    assert np.load(tmp_path / "codes.npy").shape == (40, 6)
