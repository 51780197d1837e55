"""The classical denoisers on digits with noise."""

import numpy as np
import pytest

from kerasae.errors import InvalidSetting
from kerasae.noise import noisy_images
from kerasae.studies.denoisers import (
    BASELINES,
    fit_baselines,
    gaussian_blur,
    mean_psnr,
    non_local_means,
    total_variation,
    wiener,
)


@pytest.fixture(scope="module", params=[False, True], ids=["raw", "clipped"])
def scored(request, digits):
    """PSNR of the noisy test images and of each baseline's output for them."""
    baselines = fit_baselines(digits.train, digits.train[:40], 0.6, clip=request.param)
    noisy = noisy_images(digits.test, 0.6, 9, request.param)
    outputs = {baseline.name: baseline.filter(noisy) for baseline in baselines}
    for images in outputs.values():
        assert images.shape == noisy.shape
        assert images.dtype == np.float32
        assert images.min() >= 0
        assert images.max() <= 1
    outputs = {"noisy": noisy, **outputs}
    return {name: mean_psnr(digits.test, images) for name, images in outputs.items()}


def test_every_baseline_removes_noise_and_the_best_linear_estimator_removes_most(scored):
    assert list(scored)[1:] == list(BASELINES)
    assert all(scored[name] > scored["noisy"] + 1 for name in BASELINES)
    assert max(scored, key=scored.get) == "linear"


def test_noise_of_0_6_that_is_not_clipped_leaves_4_44_dB(digits):
    # 20 log10(1 / 0.6) = 4.437
    noisy = noisy_images(digits.test, 0.6, 0)
    assert mean_psnr(digits.test, noisy) == pytest.approx(4.44, abs=0.1)


def test_images_are_blurred_one_by_one():
    noisy = np.zeros((3, 9, 9), np.float32)
    noisy[1, 4, 4] = 1
    blurred = gaussian_blur(1.0)(noisy)
    assert not blurred[[0, 2]].any()
    # The middle of a sampled Gaussian of standard deviation 1 is 0.3989 along each axis.
    assert blurred[1, 4, 4] == pytest.approx(0.3989**2, abs=1e-3)


def test_the_wiener_filter_leaves_an_image_of_one_grey_value_alone():
    flat = np.full((2, 9, 9), 0.25, np.float32)
    np.testing.assert_allclose(wiener(5)(flat)[:, 2:7, 2:7], 0.25, atol=1e-6)


@pytest.mark.parametrize("sigma", [0, -1, float("nan")])
def test_noise_that_cannot_be_removed_is_refused(digits, sigma):
    with pytest.raises(InvalidSetting, match="sigma"):
        fit_baselines(digits.train, digits.train, sigma)


@pytest.fixture(scope="module")
def colour(digits):
    """Digits that are red, green, blue and white, one after another."""
    hues = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]])
    tints = hues[np.arange(300) % 4]
    return (digits.train[:300, 4:24:2, 4:24:2, None] * tints[:, None, None]).astype(np.uint8)


@pytest.mark.parametrize("clip", [False, True])
def test_every_baseline_removes_noise_from_colour(colour, clip):
    noisy = noisy_images(colour[:20], 0.4, 9, clip)
    before = mean_psnr(colour[:20], noisy)
    for baseline in fit_baselines(colour[40:], colour[20:40], 0.4, clip=clip):
        output = baseline.filter(noisy)
        assert (output.shape, output.dtype) == (noisy.shape, np.float32)
        assert 0 <= output.min() <= output.max() <= 1
        # Non-local means knows nothing of the brightness that clipping adds.
        if not (clip and baseline.name == "non_local_means"):
            assert mean_psnr(colour[:20], output) > before + 1, baseline.name


@pytest.mark.parametrize("filtered", [gaussian_blur(1.0), total_variation(0.3)])
def test_the_filters_take_each_channel_by_itself(colour, filtered):
    noisy = noisy_images(colour[:3], 0.4, 0)
    channels = [filtered(noisy[..., channel]) for channel in range(3)]
    np.testing.assert_allclose(filtered(noisy), np.stack(channels, -1), atol=1e-6)


@pytest.mark.parametrize("filtered", [wiener(5), non_local_means(0.1, 0.4)])
def test_gray_in_three_channels_stays_gray(colour, filtered):
    gray = np.repeat(noisy_images(colour[:3, ..., :1], 0.4, 0), 3, axis=-1)
    output = filtered(gray)
    np.testing.assert_allclose(output, np.repeat(output[..., :1], 3, axis=-1), atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 2), (5, 1, 3), (1, 1)])
@pytest.mark.parametrize("count", [1, 2, 60])
def test_few_and_small_images_have_baselines(shape, count):
    images = np.random.RandomState(0).randint(0, 256, (count, *shape)).astype(np.uint8)
    baselines = fit_baselines(images, images[:1], 0.1)
    noisy = noisy_images(images, 0.1, 0)
    for baseline in baselines:
        assert np.isfinite(baseline.filter(noisy)).all()
        assert baseline.filter(noisy).shape == images.shape


def test_what_is_no_stack_of_images_is_refused():
    with pytest.raises(InvalidSetting, match="channels"):
        fit_baselines(np.zeros((3, 9), np.uint8), np.zeros((3, 9), np.uint8), 0.5)
