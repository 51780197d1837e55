"""Noise, shifts and mixtures in the compiled step."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasae.experiment import Experiment
from kerasae.models import network
from kerasae.training import corruption
from kerasae.training.trainer import ChunkTrainer

# The generator is one that TensorFlow has in compiled programs only.
add_noise, random_shifts, mixtures = (
    tf.function(function, jit_compile=True, autograph=False)
    for function in (corruption.add_noise, corruption.random_shifts, corruption.mixtures)
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


def test_what_comes_into_the_picture_mirrors_what_is_there():
    image = np.random.RandomState(0).rand(5, 4, 3).astype(np.float32)
    wide = np.pad(image, ((2, 2), (2, 2), (0, 0)), "symmetric")
    windows = [wide[y : y + 5, x : x + 4].tolist() for y in range(5) for x in range(5)]
    found = random_shifts(tf.constant(np.repeat(image[None], 40, 0)), 2, key(1, 0)).numpy()
    assert all(one.tolist() in windows for one in found)


def test_a_share_of_the_images_is_mixed_each_with_a_weight_of_its_own():
    images, others = tf.fill((4000, 2, 3), 1.0), tf.fill((4000, 2, 3), 0.0)
    found = mixtures(images, others, 0.25, key(0, 1)).numpy()
    weights = found[:, 0, 0]
    assert (found == weights[:, None, None]).all()
    mixed = weights[weights < 1]
    # The standard deviation of this count is 27, of the median of so many weights 0.016.
    assert abs(len(mixed) - 1000) < 110
    deciles = np.quantile(mixed, np.linspace(0.1, 0.9, 9))
    np.testing.assert_allclose(deciles, np.linspace(0.1, 0.9, 9), atol=0.06)
    assert len(np.unique(mixed)) > 0.99 * len(mixed)
    np.testing.assert_array_equal(mixtures(images, others, 0.25, key(0, 1)), found)
    assert not np.array_equal(mixtures(images, others, 0.25, key(0, 2)), found)


def test_all_or_no_images_are_mixed_and_lie_between_the_two():
    random = np.random.RandomState(0)
    images, others = (random.rand(50, 4, 4, 1).astype(np.float32) for _ in range(2))
    np.testing.assert_allclose(mixtures(images, others, 0.0, key(0, 0)), images, atol=1e-7)
    found = mixtures(images, others, 1.0, key(0, 0)).numpy()
    ways = images - others
    weights = np.sum(ways * (found - others), axis=(1, 2, 3)) / np.sum(ways**2, axis=(1, 2, 3))
    np.testing.assert_allclose(found, others + weights[:, None, None, None] * ways, atol=1e-6)
    assert ((weights >= 0) & (weights < 1)).all()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_step_sees_and_expects_mixtures_of_the_images_in_its_batch(share):
    images = np.stack([np.full((3, 3), level, np.uint8) for level in (0, 255)])
    experiment = Experiment("array", (4,), 2, shortcut=None, mixup=share).resolved(2, 9)
    trainer = ChunkTrainer(network(experiment, (3, 3)), images, experiment)
    trainer.optimizer = keras.optimizers.SGD()
    draw = tf.function(trainer._draw, jit_compile=True, autograph=False)
    clean, seen = (one.numpy() for one in draw(tf.constant([1, 0])))
    np.testing.assert_array_equal(clean, seen)
    levels = clean[:, 0, 0]
    assert (clean == levels[:, None, None]).all()
    assert (levels > 0).all() == (levels < 1).all() == (share == 1)
