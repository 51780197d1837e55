"""The noise on the images."""

import numpy as np
import pytest

from kerasae.errors import InvalidSetting
from kerasae.experiment import Experiment
from kerasae.noise import TEST, TRAINING, VALIDATION, noisy_images, scoring_input, scoring_slices


def test_the_noise_is_numpys_frozen_stream_image_after_image():
    images = np.full((6001, 2, 2), 51, np.uint8)
    expected = 0.2 + 0.6 * np.random.RandomState(7).standard_normal((6001, 2, 2))
    np.testing.assert_allclose(noisy_images(images, 0.6, 7), expected, rtol=0, atol=1e-6)


def test_the_first_images_have_the_same_noise_whatever_their_number(digits):
    few, many = (noisy_images(digits.test[:n], 0.6, 3) for n in (5, 50))
    assert np.array_equal(few, many[:5])


def test_the_noise_for_scores_is_one_stream_in_slices_too():
    images = np.random.RandomState(0).randint(0, 256, (10_003, 3), np.uint8)
    experiment = Experiment(sigma=0.6, seed=4)
    for stream in (TEST, VALIDATION):
        whole = scoring_input(experiment, images, stream)
        assert np.array_equal(whole, noisy_images(images, 0.6, (4, stream)))
        slices = list(scoring_slices(experiment, images, stream))
        assert [len(part) for part, _ in slices] == [10_000, 3]
        assert np.array_equal(np.concatenate([noisy for _, noisy in slices]), whole)


def test_the_noise_for_training_scores_begins_anew_with_each_slice():
    images = np.random.RandomState(0).randint(0, 256, (20_006, 3), np.uint8)
    rows = np.arange(0, 20_006, 2)
    slices = list(scoring_slices(Experiment(sigma=0.6, seed=4), images, TRAINING, rows))
    for number, (part, noisy) in enumerate(slices):
        assert np.array_equal(part, images[rows[number * 10_000 :][:10_000]])
        assert np.array_equal(noisy, noisy_images(part, 0.6, (4, TRAINING, number)))


def test_clipping_keeps_the_images_between_0_and_1_and_the_rest_as_it_was(digits):
    raw, clipped = (noisy_images(digits.test, 0.6, 3, clip) for clip in (False, True))
    assert raw.min() < -1
    assert raw.max() > 2
    assert np.array_equal(clipped, np.clip(raw, 0, 1))


@pytest.mark.parametrize("sigma", [-0.1, float("nan"), float("inf"), "0.6", True])
def test_a_sigma_that_is_no_noise_is_refused(sigma):
    with pytest.raises(InvalidSetting, match="sigma"):
        noisy_images(np.zeros((1, 2, 2), np.uint8), sigma, 0)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_outside_the_streams_range_is_refused(seed):
    with pytest.raises(InvalidSetting, match="4294967295"):
        noisy_images(np.zeros((1, 2, 2), np.uint8), 0.6, seed)
