"""A training step whose products run outside XLA, and what is between them inside.

On a CPU, XLA makes no use of matrix units; oneDNN does, which TensorFlow calls for a product that
stands by itself. TensorFlow's other operations pass over memory once each, where a program of
XLA's does once for many.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from kerasae.model_parts import CENTRE, DECODER, ENCODER
from kerasae.models import CLIP

# What of a half's forward pass its backward pass needs: its input, the last hidden layer, and of
# each hidden layer its input and its slope.
_Kept = tuple[tf.Tensor, tf.Tensor, list[tuple[tf.Tensor, tf.Tensor]]]


class SplitStep:
    """One training step of a network that `models.autoencoder` built.

    Weights, the optimizer's state and the loss are `float32`. The products' operands and results
    are of a type of their own: copies of the weights, which the optimizer's program renews, and
    what the layers hand on. The order of the products on the way back is written out here; all that
    is between them is made of the network's own layers and differentiated by TensorFlow.

    Args:
        autoencoder: The network.
        dtype: Type of the products: `bfloat16` or `float32`.
        draw: Returns the images of row numbers and what the network sees of them, both `float32`,
            `(batch, *image_shape)`.
        loss: Returns the loss of images and their reconstructions.
        update: Applies `float32` gradients to the weights, and does so inside a program of XLA's.
    """

    def __init__(
        self,
        autoencoder: keras.Model,
        dtype: str,
        *,
        draw: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
        loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
        update: Callable[[list[tf.Tensor], list[keras.Variable]], None],
    ) -> None:
        self._dtype = dtype
        self._draw, self._loss, self._update = draw, loss, update
        self._encoder, self._decoder = (
            _Half(autoencoder.get_layer(name)) for name in (ENCODER, DECODER)
        )
        self._weights = autoencoder.trainable_variables
        dense = [*self._encoder.dense, *self._decoder.dense]
        self._kernels = {id(one): one.kernel for one in dense}
        self._copies = {
            key: tf.Variable(tf.cast(kernel.value, dtype), trainable=False)
            for key, kernel in self._kernels.items()
        }
        self._programs: dict[Any, Callable[..., Any]] = {}

    def renew_copies(self) -> None:
        """Copies the weights, after something else than a step has changed them."""
        for key, kernel in self._kernels.items():
            self._copies[key].assign(tf.cast(kernel.value, self._dtype))

    def __call__(self, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Takes a step; to be called in a `tf.function` that XLA does not compile.

        Args:
            rows: Row numbers of the batch's images, `int32`, `(batch,)`.

        Returns:
            The loss and the mean squared error before the step, both `float32`, `()`.
        """
        clean, seen = self._program(self._enter)(rows)
        bent, straight, encoding = self._forward(self._encoder, seen)
        code, penalty, slope = self._program(self._meet)(bent, straight)
        bent, straight, decoding = self._forward(self._decoder, code)
        loss, mse, slopes, bias = self._program(self._leave)(clean, bent, straight)
        gradients, to_code = self._backward(self._decoder, decoding, slopes, bias)
        slopes, bias = self._program(self._meet_again)(slope, to_code)
        # The image's gradient is not asked for, and TensorFlow leaves out what nobody asks for.
        more, _ = self._backward(self._encoder, encoding, slopes, bias)
        gradients |= more
        self._program(self._apply)([gradients[id(one)] for one in self._weights])
        return loss + penalty, mse

    def _forward(self, half: "_Half", x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None, _Kept]:
        """Returns the last products of the stack and of the linear path, without their biases."""
        hidden, kept = x, []
        for dense, dropout in half.hidden:
            # Layers that are alike share a program; each Dropout draws by itself.
            bend = self._program(self._bend, dense.units, dense.activation, dropout)
            below, hidden = hidden, tf.matmul(hidden, self._copies[id(dense)])
            hidden, slope = bend(hidden, dense.bias.value)
            kept.append((below, slope))
        straight = None
        if half.linear is not None:
            straight = tf.matmul(x, self._copies[id(half.linear)])
        return tf.matmul(hidden, self._copies[id(half.last)]), straight, (x, hidden, kept)

    def _backward(
        self, half: "_Half", kept: _Kept, slopes: tf.Tensor, bias: tf.Tensor
    ) -> tuple[dict[int, tf.Tensor], list[tf.Tensor]]:
        """Returns the gradients by their variables, and those of the input, to be added up."""
        x, hidden, layers = kept
        gradients: dict[int, tf.Tensor] = {}

        def through(dense: Any, below: tf.Tensor, slopes: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
            gradients[id(dense.kernel)] = tf.matmul(below, slopes, transpose_a=True)
            gradients[id(dense.bias)] = bias
            return tf.matmul(slopes, self._copies[id(dense)], transpose_b=True)

        to_input = []
        if half.linear is not None:
            to_input.append(through(half.linear, x, slopes, bias))
        above = through(half.last, hidden, slopes, bias)
        for (dense, _), (below, slope) in zip(reversed(half.hidden), reversed(layers), strict=True):
            bend_back = self._program(self._bend_back, dense.units)
            above = through(dense, below, *bend_back(above, slope))
        return gradients, [*to_input, above]

    def _program(self, function: Callable[..., Any], *key: Any) -> Callable[..., Any]:
        """Compiles a function by XLA, one program for each key, which are its first arguments."""
        key = (function, *key)
        if key not in self._programs:
            partial = functools.partial(function, *key[1:])
            self._programs[key] = tf.function(partial, jit_compile=True, autograph=False)
        return self._programs[key]

    def _enter(self, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        clean, seen = self._draw(rows)
        for layer in self._encoder.before:
            seen = layer(seen)
        return clean, tf.cast(seen, self._dtype)

    def _bend(
        self, units: int, activation: Any, dropout: Any, z: tf.Tensor, bias: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns a hidden layer and its derivative, for each unit depends on itself alone."""
        z = tf.cast(z, tf.float32) + bias
        with tf.GradientTape() as tape:
            tape.watch(z)
            hidden = activation(z)
            if dropout is not None:
                hidden = _dropped(dropout, hidden)
        slope = tape.gradient(hidden, z)
        return tf.cast(hidden, self._dtype), tf.cast(slope, self._dtype)

    def _bend_back(
        self, units: int, above: tf.Tensor, slope: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        slopes = tf.cast(above, tf.float32) * tf.cast(slope, tf.float32)
        return tf.cast(slopes, self._dtype), tf.reduce_sum(slopes, 0)

    def _meet(
        self, bent: tf.Tensor, straight: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns the code, the penalty on it and that one's gradient."""
        code = self._encoder.end(bent, straight)
        batch = tf.cast(tf.shape(code)[0], tf.float32)
        penalty, slope = tf.constant(0.0), tf.zeros_like(code)
        if self._encoder.penalty is not None:
            with tf.GradientTape() as tape:
                tape.watch(code)
                penalty = self._encoder.penalty(code) / batch
            slope = tape.gradient(penalty, code)
        return tf.cast(code, self._dtype), penalty, slope

    def _meet_again(
        self, slope: tf.Tensor, to_code: Sequence[tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        slopes = slope + tf.add_n([tf.cast(one, tf.float32) for one in to_code])
        return tf.cast(slopes, self._dtype), tf.reduce_sum(slopes, 0)

    def _leave(
        self, clean: tf.Tensor, bent: tf.Tensor, straight: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        pixels = self._decoder.end(bent, straight)
        with tf.GradientTape() as tape:
            tape.watch(pixels)
            output = pixels
            for layer in self._decoder.after:
                output = layer(output)
            if self._decoder.clipped:
                output = clipped_straight_through(output)
            loss = self._loss(clean, output)
        slopes = tape.gradient(loss, pixels)
        mse = tf.reduce_mean(tf.square(output - clean))
        return loss, mse, tf.cast(slopes, self._dtype), tf.reduce_sum(slopes, 0)

    def _apply(self, gradients: list[tf.Tensor]) -> None:
        self._update([tf.cast(one, tf.float32) for one in gradients], self._weights)
        self.renew_copies()


class _Half:
    """The layers of an encoder or a decoder, by what they do."""

    def __init__(self, model: keras.Model) -> None:
        named = {layer.name: layer for layer in model.layers}
        self.dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        drops = [named.pop(name) for name in list(named) if name.startswith("dropout_")]
        hidden = [named.pop(name) for name in list(named) if name.startswith("hidden_")]
        self.hidden = list(zip(hidden, drops or [None] * len(hidden), strict=True))
        self.linear = next((one for one in self.dense if one.name.startswith("linear_")), None)
        (self.last,) = (one for one in self.dense if one not in (*hidden, self.linear))
        self.before = [named[name] for name in ("flatten", CENTRE) if name in named]
        self.after = [named[name] for name in ("unflatten", "sigmoid") if name in named]
        self.clipped = CLIP in named
        penalties = [layer.activity_regularizer for layer in model.layers]
        self.penalty = next(filter(None, penalties), None)

    def end(self, bent: tf.Tensor, straight: tf.Tensor | None) -> tf.Tensor:
        """Adds up what the stack and the linear path end in, with their biases."""
        total = tf.cast(bent, tf.float32) + self.last.bias
        if self.linear is None:
            return total
        return total + tf.cast(straight, tf.float32) + self.linear.bias


def _dropped(dropout: keras.layers.Dropout, hidden: tf.Tensor) -> tf.Tensor:
    """Drops what the layer would, fifty times as fast.

    The layer names no generator. XLA then takes the one that is named here, in a form that costs
    more than all products of a step.
    """
    seed = tf.cast(tf.math.floormod(dropout.seed_generator.next(), tf.int32.max - 1), tf.int32)
    return tf.nn.experimental.stateless_dropout(
        hidden, rate=dropout.rate, seed=seed, rng_alg="philox"
    )


def clipped_straight_through(output: tf.Tensor) -> tf.Tensor:
    """Clips an output to [0, 1] but lets the gradient through, as if it were not clipped.

    A pixel that left [0, 1] can then still be pulled back to a target inside
    (the straight-through estimator of Bengio et al. 2013, arXiv:1308.3432).
    """
    return output + tf.stop_gradient(tf.clip_by_value(output, 0.0, 1.0) - output)
