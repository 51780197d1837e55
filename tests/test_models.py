"""The builders."""

import keras
import numpy as np
import pytest

from kerasae.errors import InvalidSetting
from kerasae.models import autoencoder, unclipped
from kerasae.pca import fit_pca, scaled


@pytest.mark.parametrize("shape", [(6, 5), (4, 3, 2)])
@pytest.mark.parametrize("hidden_dims", [(), (9,), (9, 8, 7)])
@pytest.mark.parametrize("shortcut", [None, "linear"])
def test_any_depth_gives_back_the_shape_in_the_range_of_pixels(shape, hidden_dims, shortcut):
    model = autoencoder(shape, hidden_dims, 3, shortcut=shortcut)
    images = np.random.default_rng(0).random((4, *shape), np.float32)
    output = np.asarray(model(images))
    assert output.shape == images.shape
    assert output.min() >= 0
    assert output.max() <= 1
    assert model.get_layer("encoder").output_shape == (None, 3)
    widths = [layer.units for layer in model.get_layer("decoder").layers if hasattr(layer, "units")]
    assert widths[: len(hidden_dims)] == list(hidden_dims)[::-1] or shortcut


@pytest.mark.parametrize("bright", [False, True])
def test_before_the_first_step_a_shortcut_at_pca_is_pca(digits, bright):
    train, test = (255 - x if bright else x for x in (digits.train, digits.test))
    basis = fit_pca(train, 12)
    model = autoencoder((28, 28), (32, 16), 12, shortcut="pca", pca=basis)
    clean = test.astype(np.float32) / 255
    error = np.square(np.asarray(model(clean)) - clean).mean()
    assert error == pytest.approx(basis.mse(test, [12])[12], rel=1e-4)
    codes = np.asarray(model.get_layer("encoder")(train.astype(np.float32) / 255))
    np.testing.assert_allclose(codes.std(0), 1, atol=1e-2)
    # White paper has more energy than the strokes on it vary by, black paper less.
    names = [layer.name for layer in model.get_layer("encoder").layers]
    assert ("minus_mean" in names) == bright
    if bright:
        mean, ones = model.get_layer("encoder").get_layer("minus_mean").get_weights()
        np.testing.assert_allclose(mean, train.reshape(len(train), -1).mean(0) / 255, atol=1e-5)
        assert (ones == 1).all()


def test_without_its_clipping_a_shortcut_is_linear_at_the_start(digits):
    basis = fit_pca(digits.train, 12)
    model = autoencoder((28, 28), (16,), 12, shortcut="pca", pca=basis)
    opened = np.asarray(unclipped(model)(digits.test.astype(np.float32) / 255))
    expected = (scaled(digits.test) - basis.mean) @ basis.components.T @ basis.components
    expected = (expected + basis.mean).reshape(opened.shape)
    np.testing.assert_allclose(opened, expected, atol=1e-4)
    assert opened.min() < 0


@pytest.mark.parametrize("basis", [None, "of other images"])
def test_a_start_at_pca_needs_the_components_of_such_images(digits, basis):
    pca = basis and fit_pca(digits.train[:, :9, :9], 2)
    with pytest.raises(InvalidSetting, match="784 pixels"):
        autoencoder((28, 28), (16,), 2, shortcut="pca", pca=pca)


@pytest.mark.parametrize("shortcut", [None, "linear"])
def test_the_penalty_on_the_code_is_the_sum_of_its_sizes_by_image(shortcut):
    model = autoencoder((3, 3), (5,), 4, l1=0.5, shortcut=shortcut)
    images = np.random.default_rng(0).random((6, 3, 3), np.float32)
    codes = np.asarray(model.get_layer("encoder")(images))
    model(images)
    assert float(sum(model.losses)) == pytest.approx(0.5 * np.abs(codes).sum() / 6, rel=1e-5)


@pytest.mark.parametrize("options", [{}, {"shortcut": "linear"}, {"dropout": 0.5, "l1": 1e-4}])
def test_a_saved_model_gives_the_same_output_when_it_comes_back(tmp_path, options):
    model = autoencoder((6, 6), (8,), 3, **options)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    images = np.random.default_rng(0).random((2, 6, 6), np.float32)
    np.testing.assert_array_equal(model(images), again(images))
    assert again.get_layer("encoder").output_shape == (None, 3)


def test_the_weights_are_those_of_the_seed():
    first, again, other = (autoencoder((4, 4), (5,), 2, seed=s).get_weights() for s in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize(("name", "of_variance"), [("lecun_uniform", 1), ("glorot_uniform", 0.125)])
def test_units_beside_a_standardized_code_start_as_wide_as_their_initializer_has_it(
    name, of_variance
):
    # Of a kernel from 16 to 240 the variance is 1/16, or 2/256; of 16 units of variance 1 the sum.
    model = autoencoder((6, 5), (240,), 16, initializer=name, shortcut="linear")
    kernel = np.asarray(model.get_layer("decoder").get_layer("hidden_1").kernel)
    assert (kernel.var() * 16) == pytest.approx(of_variance, rel=0.1)
    spread = np.asarray(model.get_layer("decoder").get_layer("linear_pixels").kernel).var()
    assert spread == pytest.approx(2 / 46, rel=0.2)


@pytest.mark.parametrize("options", [{"dropout": 0.5}, {"shortcut": "linear"}])
def test_layers_are_named_as_if_no_model_had_been_made_before(options):
    first, second = (autoencoder((4, 4), (8, 6), 2, **options) for _ in range(2))
    for half in ("encoder", "decoder"):
        names = [[layer.name for layer in one.get_layer(half).layers] for one in (first, second)]
        assert names[0] == names[1]


def test_an_unknown_shortcut_is_refused():
    with pytest.raises(
        InvalidSetting, match="received 'PCA'; expected one of linear, pca, or none"
    ):
        autoencoder((4, 4), (8,), 2, shortcut="PCA")
