"""SSIM against TensorFlow's, Keras metrics against the functions.

PSNR and MSE have their examples in the docstrings.
"""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasae.errors import InvalidSetting
from kerasae.metrics import PSNR, SSIM, image_mse, psnr, ssim
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


def digit_pairs(digits, channels=None):
    """Digits and noisy ones, the first of which is perfect."""
    clean = digits.test[:20]
    if channels:
        clean = np.stack([clean] * channels, axis=-1) // np.arange(1, channels + 1, dtype=np.uint8)
    noisy = noisy_images(clean, 0.2, 0, clip=True)
    clean = (clean / 255).astype(np.float32)
    noisy[0] = clean[0]
    return clean, noisy


@pytest.mark.parametrize("channels", [None, 1, 3])
@pytest.mark.parametrize(
    ("make", "function"), [(PSNR, lambda clean, noisy: psnr(image_mse(clean, noisy))), (SSIM, ssim)]
)
def test_a_keras_metric_is_the_mean_over_all_images_of_the_function(
    digits, make, function, channels
):
    clean, noisy = digit_pairs(digits, channels)
    metric = make()
    # Batches of two sizes: a mean of their means would be another number.
    for part in (slice(3), slice(3, None)):
        metric.update_state(clean[part], noisy[part])
    assert float(metric.result()) == pytest.approx(function(clean, noisy).mean(), abs=2e-5)
    weighted = make()
    weighted.update_state(clean, noisy, sample_weight=np.arange(20) == 7)
    assert float(weighted.result()) == pytest.approx(function(clean, noisy)[7], abs=2e-5)


def test_keras_metrics_go_with_fit_and_with_the_saved_model(digits, tmp_path):
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Dense(28, "sigmoid")])
    model.compile("sgd", "mse", metrics=[PSNR(), SSIM(name="similarity")])
    clean, noisy = digit_pairs(digits)
    history = model.fit(noisy, clean, validation_data=(noisy, clean), verbose=0).history
    output = model.predict(noisy, verbose=0)
    (found,) = history["val_psnr"]
    assert found == pytest.approx(psnr(image_mse(clean, output)).mean(), abs=1e-4)
    assert history["val_similarity"] == pytest.approx([ssim(clean, output).mean()], abs=1e-5)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    scored = again.evaluate(noisy, clean, verbose=0, return_dict=True)
    assert scored["psnr"] == pytest.approx(found, abs=1e-4)
    assert set(scored) == {"loss", "psnr", "similarity"}


@pytest.mark.parametrize("metric", [PSNR(), SSIM()])
def test_keras_callbacks_know_that_more_is_better(metric):
    model = keras.Sequential([keras.Input((16, 16)), keras.layers.Dense(16)])
    model.compile("sgd", "mse", metrics=[metric])
    images = np.random.RandomState(0).rand(4, 16, 16)
    stopping = keras.callbacks.EarlyStopping(f"val_{metric.name}")
    model.fit(images, images, validation_data=(images, images), verbose=0, callbacks=[stopping])
    assert stopping.monitor_op(2.0, 1.0)


@pytest.mark.parametrize("metric", [PSNR(), SSIM()])
def test_a_keras_metric_refuses_images_of_another_shape(metric):
    with pytest.raises(InvalidSetting, match=r"\(16, 16, 1\); expected \(16, 16\)"):
        metric.update_state(np.zeros((2, 16, 16)), np.zeros((2, 16, 16, 1)))


def test_the_ssim_metric_refuses_images_smaller_than_its_window():
    with pytest.raises(InvalidSetting, match=r"\(10, 28\); expected 11 pixels each way"):
        SSIM().update_state(np.zeros((2, 10, 28)), np.zeros((2, 10, 28)))


def test_scores_need_no_keras():
    code = "import kerasae.metrics, sys; assert 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
