"""Whether images have a place of their own."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits

from kerasae.data.image_data import ImageData
from kerasae.data.stationarity import furthest_shift
from kerasae.errors import InvalidSetting
from kerasae.experiment import Experiment


def landscape(*shape):
    """One large picture of clouds, out of which patches are cut."""
    noise = np.random.RandomState(0).standard_normal(shape)
    clouds = gaussian_filter(noise, (2, 2, 0)[: len(shape)], mode="wrap")
    return (255 * (clouds - clouds.min()) / np.ptp(clouds)).astype(np.uint8)


def patches(picture, count=400, side=12):
    """Cuts patches at random places."""
    corners = np.random.RandomState(1).randint(0, len(picture) - side, (count, 2))
    return np.stack([picture[y : y + side, x : x + side] for y, x in corners])


@pytest.mark.parametrize("shape", [(300, 300), (300, 300, 3)])
def test_patches_of_a_picture_have_no_place_of_their_own(shape):
    # An eighth of the side, at most four.
    picture = landscape(*shape)
    found = [furthest_shift(patches(picture, 600, side)) for side in (7, 8, 15, 16, 24, 64)]
    assert found == [0, 1, 1, 2, 3, 4]


def test_aligned_images_are_not():
    digits = load_digits().images.astype(np.uint8)
    assert furthest_shift(digits) == 0
    # Of patches, what is always under the same mask is aligned.
    masked = patches(landscape(300, 300))
    y, x = np.mgrid[-6:6, -6:6]
    masked[:, y**2 + x**2 > 16] = 0
    assert furthest_shift(masked) == 0


def test_images_are_shifted_as_far_as_they_stay_alike():
    # A faint wave from top to bottom in noise of variance 1600. Moved up or down by s of its 16
    # pixels it differs by (2 * 25 * sin(pi * s / 16))**2 / 2, which is 48, 183 and 386 for s = 1,
    # 2 and 3, and not at all when moved sideways: by 1.5, 6 and 12 % of the noise on the whole.
    wave = 25 * np.sin(2 * np.pi * np.arange(32) / 16)[:, None]
    noise = np.random.RandomState(0).standard_normal((900, 32, 32))
    images = (127 + wave + 40 * noise).clip(0, 255)
    assert furthest_shift(images.astype(np.uint8)) == 1


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((20, 9, 9), np.uint8),
        np.random.RandomState(0).randint(0, 256, (20, 1, 30)).astype(np.uint8),
        np.random.RandomState(0).randint(0, 256, (3, 9, 9)).astype(np.uint8),
    ],
    ids=["all the same", "rows", "three"],
)
def test_of_what_says_nothing_about_places_nothing_is_shifted(images):
    assert not furthest_shift(images)
    assert ImageData.from_arrays(images).resolved(Experiment("array")).shift == 0


def test_a_run_on_patches_shifts_them_unless_told_otherwise():
    data = ImageData.from_arrays(patches(landscape(300, 300)))
    assert data.resolved(Experiment("array")).shift == 1
    assert data.resolved(Experiment("array", shift=0)).shift == 0


def test_images_are_not_shifted_further_than_they_are_wide():
    data = ImageData.from_arrays(np.zeros((20, 9, 7), np.uint8))
    assert data.resolved(Experiment("array", shift=7)).shift == 7
    with pytest.raises(InvalidSetting, match="shift"):
        data.resolved(Experiment("array", shift=8))
