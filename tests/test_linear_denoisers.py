"""The closed forms against noise that is really drawn, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

from kerasae.errors import InvalidSetting
from kerasae.noise import noisy_images
from kerasae.studies.dual_denoisers import dual_denoisers, taken_for_dual
from kerasae.studies.linear_denoisers import (
    best_linear_estimator,
    expected_noisy_pixel,
    pair_moments,
    pca_projections,
)


def test_the_moments_of_clipped_noise_are_those_of_many_draws():
    noise = np.random.RandomState(0).standard_normal(400_000)
    for value in (0.0, 0.2, 0.7, 1.0):
        drawn = np.clip(value + 0.6 * noise, 0, 1)
        moments = expected_noisy_pixel(np.array(value), 0.6, clip=True)
        assert moments == pytest.approx((drawn.mean(), np.square(drawn).mean()), abs=0.003)


@pytest.fixture(scope="module")
def patches(digits):
    return digits.train[:, 12:16, 12:16]


@pytest.mark.parametrize("clip", [False, True])
def test_the_best_linear_estimator_is_the_regression_of_clean_on_noisy_pixels(patches, clip):
    copies = np.concatenate([patches] * 200)
    noisy = noisy_images(copies, 0.6, 1, clip).reshape(len(copies), -1)
    regression = LinearRegression().fit(noisy, copies.reshape(len(copies), -1) / 255)
    estimator = best_linear_estimator(pair_moments(patches, 0.6, clip))
    expected = np.clip(regression.predict(noisy[:300]), 0, 1)
    output = estimator(noisy[:300].reshape(-1, 4, 4))
    assert output.dtype == np.float32
    np.testing.assert_allclose(output.reshape(300, -1), expected, atol=0.02)


def test_the_projection_is_that_of_principal_component_analysis(patches):
    clean = patches.reshape(len(patches), -1) / 255
    noisy = noisy_images(patches, 0.3, 0)
    pca = PCA(7).fit(clean)
    expected = pca.inverse_transform(pca.transform(noisy.reshape(len(noisy), -1)))
    output = pca_projections(pair_moments(patches, 0.3), [3, 7])[7](noisy)
    np.testing.assert_allclose(
        output.reshape(len(noisy), -1), np.clip(expected, 0, 1), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("components", [0, 17])
def test_more_components_than_pixels_are_refused(patches, components):
    with pytest.raises(InvalidSetting, match="from 1 to 16"):
        pca_projections(pair_moments(patches[:9], 0.3), [1, components])


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("count", [12, 40])
def test_inner_products_of_images_give_what_covariances_of_pixels_give(patches, clip, count):
    images = np.random.RandomState(0).randint(0, 256, (count, 4, 4)).astype(np.uint8)
    noisy = noisy_images(patches[:50], 0.3, 0, clip)
    moments = pair_moments(images, 0.3, clip)
    projections, estimator = dual_denoisers(images, 0.3, clip, [2, 9])
    for rank, expected in pca_projections(moments, [2, 9]).items():
        np.testing.assert_allclose(projections[rank](noisy), expected(noisy), rtol=0, atol=1e-4)
    expected = best_linear_estimator(moments)(noisy)
    np.testing.assert_allclose(estimator(noisy), expected, rtol=0, atol=1e-4)


def test_images_that_are_all_the_same_are_denoised_to_them():
    images = np.full((5, 3, 4), 51, np.uint8)
    projections, estimator = dual_denoisers(images, 0.3, False, [4])
    for denoiser in (projections[4], estimator):
        output = denoiser(noisy_images(images, 0.3, 0))
        np.testing.assert_allclose(output, np.full((5, 3, 4), 0.2), atol=1e-6)


@pytest.mark.parametrize(
    ("count", "pixels", "taken"), [(60, 9, 60), (9000, 9, 3000), (9, 1 << 24, 3)]
)
def test_of_many_or_large_images_some_are_taken(count, pixels, taken):
    images = np.broadcast_to(np.zeros(1, np.uint8), (count, pixels))
    assert len(taken_for_dual(images)) == taken
