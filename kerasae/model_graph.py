"""The layers of anybody's model in the order of their use, those of nested models among them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a model uses a layer, or a nested model.

    Args:
        number: How many places come before it.
        name: The layer's name.
        depth: How many models it is nested in, besides the whole.
        shape: Of its output, without the batch; `None` for sizes that are open.
        has_weights: Whether the layer has any.
    """

    number: int
    name: str
    depth: int
    shape: tuple[int | None, ...]
    has_weights: bool

    @property
    def size(self) -> int:
        """How many numbers its output has; open sizes count as one."""
        return math.prod(size or 1 for size in self.shape)


class LayerGraph:
    """The places of a model that takes and makes one tensor.

    Args:
        model: A functional or sequential model.
        shape: Shape of one of its inputs.

    Attributes:
        places: The places whose output is one tensor, in the order of their use.
        output_shape: Shape of one output.

    Example:

    >>> image = keras.Input((4, 4))
    >>> flat = keras.layers.Flatten(name="flat")(image)
    >>> model = keras.Model(image, keras.layers.Dense(2, name="code")(flat))
    >>> [(place.name, place.shape) for place in LayerGraph(model, (4, 4)).places]
    [('flat', (16,)), ('code', (2,))]
    """

    def __init__(self, model: keras.Model, shape: Sequence[int]) -> None:
        self.places: list[Place] = []
        # Tensors are kept, for what is gone gives its `id` to others.
        self._tensors: dict[int, keras.KerasTensor] = {}
        self._sources: dict[int, set[int]] = {}
        count = 0

        def step(layer: keras.Layer, *args: Any, **kwargs: Any) -> Any:
            made = layer.compute_output_spec(*args, **kwargs)
            given = {id(one) for one in _tensors_of((args, kwargs))}
            for one in _tensors_of(made):
                self._tensors[id(one)] = one
                self._sources.setdefault(id(one), set()).update(given - {id(one)})
            return made

        def done(layer: keras.Layer, depth: int, made: Any) -> Any:
            nonlocal count
            if isinstance(made, keras.KerasTensor):
                place = Place(count, layer.name, depth, made.shape[1:], bool(layer.weights))
                self.places.append(place)
                self._made[count] = id(made)
            count += 1
            return made

        self._made: dict[int, int] = {}
        start = keras.KerasTensor((None, *shape), model.inputs[0].dtype)
        (end,) = _tensors_of(_walk(model, start, step, done))
        self._start, self._end = id(start), id(end)
        self.output_shape: tuple[int | None, ...] = end.shape[1:]

    def holds_all(self, place: Place) -> bool:
        """Tells whether the model's output follows from the output of a place alone."""
        seen, left = {self._made[place.number]}, [self._end]
        while left:
            one = left.pop()
            if one == self._start:
                return False
            if one not in seen:
                seen.add(one)
                left += self._sources.get(one, ())
        return True


class Passage(keras.Layer):
    """What a model makes of its inputs up to a place, or of a place's outputs from there on.

    Args:
        model: The model.
        place: The place.
        from_there: Shape of an input of the model, to start at the place; `None` ends there.
    """

    def __init__(
        self, model: keras.Model, place: Place, from_there: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        self._whole, self._place, self._from = model, place, from_there

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        start, taken, count = inputs, None, 0
        if self._from is not None:
            # Nothing of the output follows from these, where the place holds all.
            start = keras.ops.zeros((keras.ops.shape(inputs)[0], *self._from))

        def done(layer: keras.Layer, depth: int, made: Any) -> Any:
            nonlocal taken, count
            if count == self._place.number:
                made = taken = made if self._from is None else inputs
            count += 1
            return made

        end = _walk(self._whole, start, lambda layer, *args, **kwargs: layer(*args, **kwargs), done)
        # A model may make a list of its one tensor.
        return taken if self._from is None else keras.tree.flatten(end)[0]


def _walk(
    model: keras.Model,
    inputs: Any,
    step: Callable[..., Any],
    done: Callable[[keras.Layer, int, Any], Any],
    depth: int = 0,
) -> Any:
    """Runs through a model: `step` uses a layer, `done` sees and may change what it made."""

    def use(layer: keras.Layer, *args: Any, **kwargs: Any) -> Any:
        if _is_graph(layer):
            return done(layer, depth, _walk(layer, args[0], step, done, depth + 1))
        return done(layer, depth, step(layer, *args, **kwargs))

    if isinstance(model, keras.Sequential):
        for layer in model.layers:
            inputs = use(layer, inputs)
        return inputs
    return model._run_through_graph(inputs, call_fn=use)


def _is_graph(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.Sequential) or hasattr(layer, "_run_through_graph")


def _tensors_of(values: Any) -> list[keras.KerasTensor]:
    flat = keras.tree.flatten(values)
    return [value for value in flat if isinstance(value, keras.KerasTensor)]
