"""The latent plane: where codes come to lie, and what is decoded from it."""

import dataclasses
import functools

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from kerasae.errors import InvalidSetting
from kerasae.inference.latent_plane import latent_plane
from kerasae.models import autoencoder
from kerasae.pca import fit_pca


@pytest.fixture(autouse=True)
def one_thread():
    """Threads that wait for each other make t-SNE of a few images slow."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def model_of(digits):
    """Makes a model of so many dimensions, that starts at PCA."""
    pca = fit_pca(digits.train, 6)
    return functools.cache(lambda dim: autoencoder((28, 28), (), dim, shortcut="pca", pca=pca))


def test_codes_of_two_dimensions_are_taken_as_they_are(digits, model_of):
    model = model_of(2)
    plane = latent_plane(model, digits)
    codes = model.get_layer("encoder").predict(digits.test / np.float32(255), verbose=0)
    np.testing.assert_allclose(plane.codes, codes, atol=1e-5)
    assert plane.axis_name == "code"
    assert plane.decoded.shape == (15, 15, 28, 28)
    # The first row of the mosaic is the top of the plane: the highest second coordinate.
    low, high = np.percentile(codes, [2, 98], axis=0)
    corner = model.get_layer("decoder")(np.array([[low[0], high[1]]], np.float32))
    np.testing.assert_allclose(plane.decoded[0, 0], corner[0], atol=1e-5)


def test_walks_lead_from_one_image_to_another(digits, model_of):
    model = model_of(6)
    plane = latent_plane(model, digits)
    assert plane.walks.shape == (5, 11, 28, 28)
    first = digits.test[np.argmax(digits.test_labels == 0)]
    second = digits.test[np.argmax(digits.test_labels == 1)]
    ends = model.predict(np.stack([first, second]) / np.float32(255), verbose=0)
    np.testing.assert_allclose(plane.walks[0][[0, -1]], ends, atol=1e-5)


@pytest.mark.parametrize("classes", [1, 2, 3, 4])
def test_walks_of_few_classes_differ_and_lead_to_another_class(digits, model_of, classes):
    model = model_of(6)
    data = dataclasses.replace(digits, test_labels=digits.test_labels % classes)
    walks = latent_plane(model, data).walks
    ends = walks[:, [0, -1]].reshape(10, -1)
    assert len(np.unique(ends.round(6), axis=0)) == 10
    # The images that they lead to, and their classes.
    outputs = model.predict(data.test / np.float32(255), verbose=0).reshape(len(data.test), -1)
    rows = [np.square(outputs - end).sum(axis=1).argmin() for end in ends]
    found = data.test_labels[rows].reshape(5, 2)
    assert classes == 1 or (found[:, 0] != found[:, 1]).all()


def test_larger_codes_go_through_pca_or_tsne(digits, model_of):
    model = model_of(6)
    plane = latent_plane(model, digits)
    assert plane.codes.shape == (len(digits.test), 2)
    # Standardized codes have no direction stronger than another by much more than chance.
    assert plane.decoded.shape == (15, 15, 28, 28)
    tsne = latent_plane(model, digits, "tsne")
    assert tsne.decoded is None
    assert tsne.codes.shape == plane.codes.shape


@pytest.mark.parametrize("images", [3, 6, 20])
def test_few_images_have_a_plane_too(digits, model_of, images):
    few = dataclasses.replace(
        digits, test=digits.test[:images], test_labels=digits.test_labels[:images]
    )
    for method in ("pca", "tsne"):
        places = latent_plane(model_of(6), few, method).codes
        assert places.shape == (images, 2)
        assert np.isfinite(places).all()


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_two_images_have_none(digits, model_of, method):
    two = dataclasses.replace(digits, test=digits.test[:2], test_labels=digits.test_labels[:2])
    for dim in (2, 6):
        with pytest.raises(InvalidSetting, match="test images: received 2; expected at least 3"):
            latent_plane(model_of(dim), two, method)


def test_what_has_no_plane_is_refused(digits, model_of):
    with pytest.raises(InvalidSetting, match="two dimensions"):
        latent_plane(model_of(1), digits)
    with pytest.raises(InvalidSetting, match="pca or tsne"):
        latent_plane(model_of(2), digits, "umap")
    small = dataclasses.replace(digits, train=digits.train[:, 4:], test=digits.test[:, 4:])
    with pytest.raises(InvalidSetting, match=r"\(24, 28\)"):
        latent_plane(model_of(2), small)
