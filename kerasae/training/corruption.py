"""Noise, shifts and mixtures that training draws afresh for every batch, inside the compiled step.

Each is a pure function of a seed pair, so a run that continues draws what it would have drawn.
They work in programs compiled by XLA only, for the sake of their generator.
"""

import tensorflow as tf

# On a CPU, XLA runs this counter-based generator (Salmon et al. 2011) ten times as fast as the
# one that TensorFlow chooses by itself, which costs as much as a training step.
_GENERATOR = "threefry"
# Streams of one step that must not repeat each other.
_NOISE, _SHIFT, _MIXED, _WEIGHT = range(4)


def add_noise(images: tf.Tensor, sigma: float, clip: bool, key: tf.Tensor) -> tf.Tensor:
    """Adds Gaussian noise.

    Args:
        images: Images in [0, 1], `float32`, any shape.
        sigma: Standard deviation of the noise.
        clip: Whether the result is clipped to [0, 1].
        key: Seed, `int32`, `(2,)`: the experiment's seed and the step.

    Returns:
        Noisy images of the same shape.
    """
    noise = tf.random.stateless_normal(tf.shape(images), _stream(key, _NOISE), alg=_GENERATOR)
    noisy = images + sigma * noise
    return tf.clip_by_value(noisy, 0.0, 1.0) if clip else noisy


def random_shifts(images: tf.Tensor, most: int, key: tf.Tensor) -> tf.Tensor:
    """Shifts each image by a whole number of pixels of its own, each way.

    Pixels that come in from outside mirror those inside, as a photo would most likely go on; a
    black border would be learnt.

    Args:
        images: `float32`, `(batch, height, width, ...)`.
        most: Largest shift, in pixels, at most the images' smaller side; all from `-most` to
            `most` are equally likely.
        key: Seed, `int32`, `(2,)`.

    Returns:
        Shifted images of the same shape.
    """
    batch, shifts = tf.shape(images)[0], 2 * most + 1
    drawn = tf.random.stateless_uniform(
        (2, batch), _stream(key, _SHIFT), minval=0, maxval=shifts, dtype=tf.int32, alg=_GENERATOR
    )
    for axis in (1, 2):
        # A sum of all shifts weighted by 0 or 1 is a few vector operations; a gather of
        # single pixels is far slower on a CPU.
        chosen = tf.one_hot(drawn[axis - 1], shifts)  # (batch, shifts)
        padding = [[0, 0]] * axis + [[most, most]] + [[0, 0]] * (images.shape.rank - axis - 1)
        padded = tf.pad(images, padding, "SYMMETRIC")
        size = images.shape[axis]
        total = tf.zeros_like(images)
        for shift in range(shifts):
            part = slice(shift, shift + size)
            window = padded[:, part] if axis == 1 else padded[:, :, part]
            weight = tf.reshape(chosen[:, shift], (-1,) + (1,) * (images.shape.rank - 1))
            total += weight * window
        images = total
    return images


def mixtures(images: tf.Tensor, others: tf.Tensor, share: float, key: tf.Tensor) -> tf.Tensor:
    """Mixes images with others, so that a small set is not learnt by heart.

    A mixture is `w * image + (1 - w) * other`, with a weight `w` of its own that is uniform in
    [0, 1] (mixup with alpha 1; Zhang et al. 2018, arXiv:1710.09412).

    Args:
        images: `float32`, `(batch, ...)`.
        others: The other image of each, like `images`.
        share: Share of the images that are mixed, on average, in [0, 1].
        key: Seed, `int32`, `(2,)`.

    Returns:
        Mixtures of the same shape.
    """
    count = tf.shape(images)[:1]
    mixed, weights = (
        tf.random.stateless_uniform(count, _stream(key, number), alg=_GENERATOR)
        for number in (_MIXED, _WEIGHT)
    )
    weights = tf.where(mixed < share, weights, 1.0)
    weights = tf.reshape(weights, (-1,) + (1,) * (images.shape.rank - 1))
    return others + weights * (images - others)


def _stream(key: tf.Tensor, number: int) -> tf.Tensor:
    return tf.random.experimental.stateless_fold_in(key, number, alg=_GENERATOR)
