"""Which images each training step sees: row numbers, shuffled anew for every epoch."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

# Steps in one call of the compiled program: long enough to hide the cost of a call, short
# enough for a progress bar and Ctrl-C.
STEPS_PER_CHUNK = 128


def epoch_order(count: int, seed: int, epoch: tf.Tensor | int) -> tf.Tensor:
    """Returns the order of an epoch, a pure function of `(seed, epoch)`.

    Args:
        count: Number of training images.
        seed: Seed of the experiment.
        epoch: Number of the epoch, from 0.

    Returns:
        A permutation of `range(count)`, `int32`, `(count,)`.

    Example:

    >>> sorted(epoch_order(4, seed=0, epoch=1).numpy().tolist())
    [0, 1, 2, 3]
    """
    key = tf.stack([tf.cast(seed, tf.int32), tf.cast(epoch, tf.int32)])
    return tf.random.experimental.stateless_shuffle(tf.range(count), seed=key)


def chunks_per_epoch(count: int, batch_size: int) -> int:
    """Returns how many chunks of steps make an epoch."""
    return -(-(count // batch_size) // STEPS_PER_CHUNK)


def row_chunks(
    train_rows: NDArray[np.int32], batch_size: int, seed: int, epochs: range
) -> tf.data.Dataset:
    """Makes the data set that `fit` is driven with: row numbers, a chunk of steps at a time.

    The rows that do not fill a last batch are left out of that epoch; the next epoch's
    fresh order brings them back.

    Args:
        train_rows: Numbers of the images to train on, `int32`, `(count,)`.
        batch_size: Rows per step, at most `count`.
        seed: Seed of the experiment.
        epochs: The epochs to make, in order.

    Returns:
        A data set of `(rows, steps)`: `int32` of shape `(STEPS_PER_CHUNK, batch_size)`, of
        which the first `steps` are to be trained on.
    """
    count = len(train_rows)
    steps = count // batch_size
    chunks = chunks_per_epoch(count, batch_size)

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        order = epoch_order(count, seed, epoch)[: steps * batch_size]
        rows = tf.reshape(tf.gather(train_rows, order), (steps, batch_size))
        rows = tf.pad(rows, [[0, chunks * STEPS_PER_CHUNK - steps], [0, 0]])
        rows = tf.reshape(rows, (chunks, STEPS_PER_CHUNK, batch_size))
        left = tf.minimum(STEPS_PER_CHUNK, steps - tf.range(chunks) * STEPS_PER_CHUNK)
        return tf.data.Dataset.from_tensor_slices((rows, left))

    numbers = tf.data.Dataset.range(epochs.start, epochs.stop)
    return numbers.flat_map(one_epoch).with_options(_options())


def one_chunk(batch_size: int, steps: int) -> tf.data.Dataset:
    """Makes a data set like that of `row_chunks`, of one chunk, which has the first image alone.

    Args:
        batch_size: Rows per step.
        steps: Steps to be trained on.
    """
    rows = tf.zeros((1, STEPS_PER_CHUNK, batch_size), tf.int32)
    return tf.data.Dataset.from_tensor_slices((rows, [steps])).with_options(_options())


def _options() -> tf.data.Options:
    options = tf.data.Options()
    # The order is cheap to make; a pool of threads would only take cores from training.
    options.threading.private_threadpool_size = 1
    options.threading.max_intra_op_parallelism = 1
    # There is nothing to tune, and the end of an iterator waits for the tuning thread to wake
    # up, which sleeps for up to a minute.
    options.autotune.enabled = False
    return options
