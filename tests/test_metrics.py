"""SSIM against TensorFlow's; PSNR and MSE have their examples in the docstrings."""

import numpy as np
import pytest
import tensorflow as tf

from kerasae.metrics import ssim
from kerasae.noise import noisy_images


@pytest.mark.parametrize("channels", [None, 3])
def test_ssim_agrees_with_tensorflow(digits, channels):
    clean = digits.test[:20]
    if channels:
        clean = np.repeat(clean[..., None], channels, axis=-1)
    noisy = noisy_images(clean, 0.2, 0, clip=True)
    clean = (clean / 255).astype(np.float32)
    shape = (*clean.shape[:3], channels or 1)
    expected = tf.image.ssim(clean.reshape(shape), noisy.reshape(shape), 1.0).numpy()
    np.testing.assert_allclose(ssim(clean, noisy), expected, rtol=0, atol=1e-5)


def test_ssim_of_images_smaller_than_its_window_is_undefined():
    assert np.isnan(ssim(np.zeros((2, 10, 28)), np.zeros((2, 10, 28)))).tolist() == [True, True]
