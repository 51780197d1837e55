"""PCA against a decomposition by NumPy."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from kerasae.data.datasets import load_dataset
from kerasae.errors import InvalidSetting
from kerasae.pca import PCA, fit_pca, scaled
from kerasae.pca_in_blocks import components_in_blocks


def by_numpy(train, test, dims):
    mean = train.mean(0)
    basis = np.linalg.svd(train - mean, full_matrices=False)[2][:dims]
    return np.clip((test - mean) @ basis.T @ basis + mean, 0, 1)


def test_pca_agrees_with_a_singular_value_decomposition(digits):
    train, test = (scaled(images).astype(np.float64) for images in (digits.train, digits.test))
    expected = np.square(by_numpy(train, test, 10) - test).mean()
    found = fit_pca(digits.train, 20).mse(digits.test, [10, 20])
    assert found[10] == pytest.approx(expected, rel=1e-4)
    assert found[20] < found[10]


@pytest.mark.parametrize("most_covariance", [2000, 10])
def test_components_found_in_blocks_are_those_found_at_once(digits, monkeypatch, most_covariance):
    once = fit_pca(digits.train, 8)
    monkeypatch.setattr("kerasae.pca_in_blocks.BLOCK", 10_000)
    blocks = PCA(
        *components_in_blocks(digits.train, np.arange(len(digits.train)), 8, most_covariance)
    )
    np.testing.assert_allclose(blocks.mean, once.mean, atol=1e-5)
    np.testing.assert_allclose(blocks.variances, once.variances, rtol=1e-3)
    np.testing.assert_allclose(blocks.components, once.components, atol=1e-2)
    np.testing.assert_allclose(blocks.total_variance, once.total_variance, rtol=1e-4)


def test_the_linear_path_is_pca_with_a_standardized_code(digits):
    kernel, bias, kernel_out, bias_out = fit_pca(digits.train, 5).linear_path(5)
    pixels = scaled(digits.train)
    codes = pixels @ kernel + bias
    np.testing.assert_allclose(codes.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(np.cov(codes.T), np.eye(5), atol=1e-3)
    output = np.clip(codes @ kernel_out + bias_out, 0, 1)
    np.testing.assert_allclose(output, by_numpy(pixels, pixels, 5), atol=1e-4)


def test_for_noisy_input_the_path_is_the_best_linear_estimator():
    # One direction of variance 3, noise of variance 1: the best estimate keeps 3 / (3 + 1).
    basis = PCA(np.zeros(2, np.float32), np.eye(1, 2, dtype=np.float32), np.float32([3]))
    kernel, bias, kernel_out, bias_out = basis.linear_path(1, sigma=1.0)
    output = (np.float32([[2, 9]]) @ kernel + bias) @ kernel_out + bias_out
    np.testing.assert_allclose(output, [[1.5, 0]], rtol=1e-6)


def test_a_code_longer_than_the_rank_gets_units_of_zero(digits):
    kernel, _, kernel_out, _ = fit_pca(digits.train[:3], 10).linear_path(10)
    assert kernel.shape == (784, 10)
    assert kernel_out.shape == (10, 784)
    assert not kernel[:, 3:].any()
    assert np.isfinite(kernel).all()


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 30])
def test_the_threads_of_numpy_do_not_change_a_bit(dim):
    # A worker has one, this process as many as there are cores.
    data = load_dataset("mnist5k")
    pca = fit_pca(data.train, 30)

    def with_threads(threads):
        with threadpool_limits(threads):
            return [*pca.linear_path(dim), pca.reconstructions(data.test, dim)]

    for one, two in zip(with_threads(1), with_threads(2), strict=True):
        np.testing.assert_array_equal(one, two)


def test_one_image_has_no_components(digits):
    with pytest.raises(InvalidSetting, match="training images: received 1; expected at least 2"):
        fit_pca(digits.train, 2, rows=np.array([3]))


@pytest.mark.parametrize("components", [0, -1, 2.5, "a", True])
def test_a_number_of_components_that_is_none_is_refused(components):
    with pytest.raises(InvalidSetting, match="components: received"):
        fit_pca(np.zeros((4, 3), np.uint8), components)
