"""PCA against a decomposition of our own by NumPy."""

import numpy as np
import pytest

from kerasae.pca import pca_test_mse


def test_pca_agrees_with_a_singular_value_decomposition(digits):
    train = digits.train.reshape(len(digits.train), -1) / 255
    test = digits.test.reshape(len(digits.test), -1) / 255
    mean = train.mean(0)
    basis = np.linalg.svd(train - mean, full_matrices=False)[2][:10]
    output = np.clip((test - mean) @ basis.T @ basis + mean, 0, 1)
    expected = np.square(output - test).mean()
    # For so few images scikit-learn takes its randomized solver.
    assert pca_test_mse(digits.train, digits.test, [10])[10] == pytest.approx(expected, rel=1e-2)
