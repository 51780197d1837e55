"""Noise and shifts in the compiled step."""

import numpy as np
import tensorflow as tf

from kerasae.training import corruption

# The generator is one that TensorFlow has in compiled programs only.
add_noise, random_shifts = (
    tf.function(function, jit_compile=True, autograph=False)
    for function in (corruption.add_noise, corruption.random_shifts)
)


def key(seed, step):
    return tf.constant([seed, step], tf.int32)


def test_every_step_has_noise_of_its_own_and_repeats_it_when_asked_again():
    images = tf.fill((20, 30, 30), 0.5)
    first, again = (add_noise(images, 0.6, False, key(0, 1)).numpy() for _ in range(2))
    others = [add_noise(images, 0.6, False, key(*k)).numpy() for k in ((0, 2), (1, 1))]
    assert np.array_equal(first, again)
    assert not any(np.array_equal(first, other) for other in others)
    assert abs(first.mean() - 0.5) < 0.02
    assert abs(first.std() - 0.6) < 0.02
    clipped = add_noise(images, 0.6, True, key(0, 1)).numpy()
    np.testing.assert_array_equal(clipped, np.clip(first, 0, 1))


def test_a_shifted_image_is_one_of_the_shifts_and_all_of_them_occur():
    image = np.zeros((7, 8), np.float32)
    image[2:5, 3:6] = np.arange(1, 10).reshape(3, 3)
    shifts = {(y, x): np.roll(image, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)}
    found = random_shifts(tf.constant(np.repeat(image[None], 200, 0)), 1, key(3, 0)).numpy()
    seen = [{k for k, v in shifts.items() if np.array_equal(v, one)} for one in found]
    assert all(len(matches) == 1 for matches in seen)
    assert set().union(*seen) == set(shifts)


def test_what_leaves_the_picture_does_not_come_in_again_on_the_other_side():
    image = np.zeros((1, 4, 4, 1), np.float32)
    image[0, 0] = 1
    found = random_shifts(tf.constant(np.repeat(image, 50, 0)), 1, key(0, 0)).numpy()
    assert not found[:, -1].any()
