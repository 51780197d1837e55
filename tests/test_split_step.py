"""The step whose products run outside XLA, beside TensorFlow's own gradients."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasae.experiment import Experiment
from kerasae.models import network, unclipped
from kerasae.pca import fit_pca
from kerasae.training.split_step import SplitStep, clipped_straight_through
from kerasae.training.trainer import ChunkTrainer

BATCH = 32
BASE = Experiment("array", (24, 16), 5, epochs=1, batch_size=BATCH, learning_rate=1e-3)
# What each adds to the network or to the step.
EVERYTHING = {
    "l1": 0.01, "dropout": 0.3, "sigma": 0.4, "shift": 1, "clip_noise": True, "mixup": 0.5,
}  # fmt: skip
KINDS = [
    {},
    pytest.param(EVERYTHING, marks=pytest.mark.slow),
    pytest.param(
        {"shortcut": None, "loss": "binary_crossentropy", "activation": "relu", "l1": 0.01},
        marks=pytest.mark.slow,
    ),
    pytest.param({"hidden_dims": ()}, marks=pytest.mark.slow),
    pytest.param(
        {"hidden_dims": (16, 16), "shortcut": "linear", "activation": "silu"},
        marks=pytest.mark.slow,
    ),
]


@pytest.fixture(scope="module")
def images():
    # Bright and alike, so that a start at PCA subtracts the mean image first.
    random = np.random.RandomState(0)
    ramp = np.linspace(80, 200, 36).reshape(6, 6)
    return (ramp + random.randint(-40, 40, (BATCH, 6, 6))).astype(np.uint8)


def made(experiment, images):
    """A network without a weight at zero, where a slip would not show, and its trainer."""
    model = network(experiment, images.shape[1:], fit_pca(images, experiment.latent_dim))
    for weight in model.trainable_variables:
        weight.assign_add(0.05 * np.random.RandomState(1).standard_normal(weight.shape))
    trainer = ChunkTrainer(model, images, experiment)
    trainer.optimizer = keras.optimizers.SGD()
    trainer.optimizer.build(model.trainable_variables)
    return model, trainer


def split_step(model, trainer, dtype):
    """The loss, the MSE and the gradients of a step."""
    found = [tf.Variable(tf.zeros(weight.shape)) for weight in model.trainable_variables]

    def keep(gradients, weights):
        for place, gradient in zip(found, gradients, strict=True):
            place.assign(gradient)

    step = SplitStep(model, dtype, draw=trainer._draw, loss=trainer._loss, update=keep)
    loss, mse = tf.function(step)(tf.range(BATCH))
    return float(loss), float(mse), [one.numpy() for one in found]


def tape_step(model, trainer, loss_name):
    """The same by TensorFlow's gradients of the whole network."""
    open_model = unclipped(model)

    @tf.function(jit_compile=True)
    def step():
        clean, seen = trainer._draw(tf.range(BATCH))
        with tf.GradientTape() as tape:
            output = open_model(seen, training=True)
            if open_model is not model:
                output = clipped_straight_through(output)
            loss = tf.reduce_mean(keras.losses.get(loss_name)(clean, output))
            loss += sum(open_model.losses)
        mse = tf.reduce_mean(tf.square(output - clean))
        return loss, mse, tape.gradient(loss, model.trainable_variables)

    loss, mse, gradients = step()
    return float(loss), float(mse), [one.numpy() for one in gradients]


@pytest.mark.parametrize("settings", KINDS)
def test_it_has_the_gradients_of_a_tape_to_the_precision_of_its_products(images, settings):
    experiment = dataclasses.replace(BASE, **settings)
    model, trainer = made(experiment, images)
    first = [variable.numpy() for variable in model.variables]

    def begin_again():
        # The state of Dropout's generators is among them.
        for variable, value in zip(model.variables, first, strict=True):
            variable.assign(value)

    loss, mse, tape = tape_step(model, trainer, experiment.loss)
    begin_again()
    split_loss, split_mse, split = split_step(model, trainer, "float32")
    assert (split_loss, split_mse) == pytest.approx((loss, mse), rel=1e-5)
    for one, other, weight in zip(split, tape, model.trainable_variables, strict=True):
        assert np.abs(other).max() > 0, weight.path
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6, err_msg=weight.path)
    begin_again()
    split_loss, split_mse, split = split_step(model, trainer, "bfloat16")
    assert (split_loss, split_mse) == pytest.approx((loss, mse), rel=0.02)
    for one, other, weight in zip(split, tape, model.trainable_variables, strict=True):
        # Numbers of bfloat16 have eight digits, the first of which need not be written.
        assert np.linalg.norm(one - other) < 0.06 * np.linalg.norm(other), weight.path
