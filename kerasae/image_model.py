"""Anybody's reconstruction model, used as one from images in [0, 1] to the same images."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasae.data.pixels import as_floats
from kerasae.errors import InvalidSetting, KerasAEWarning
from kerasae.metrics import image_mse
from kerasae.model_outputs import ImageMSE, image_mse_function, outputs, rows_at_once
from kerasae.model_parts import ENCODER

if TYPE_CHECKING:
    import keras

    from kerasae.data.image_data import ImageData
    from kerasae.model_graph import LayerGraph, Place

# What black and white are in each range.
RANGES = {"0-1": (0.0, 1.0), "0-255": (0.0, 255.0), "-1-1": (-1.0, 1.0)}
# Numbers that a layer may make of one image, as in untrusted files.
_MOST_NUMBERS = 1 << 26
# Images that show what range a model works in.
PROBED = 64
# A model is in its range where it makes so much less of an error than in [0, 1], and than one
# grey for all pixels would.
_BETTER, _OF_GREY = 4, 0.5
_BATCH = 500
_NAMED = 20
Images = NDArray[np.floating]
Shape = tuple[int | None, ...]


class ImageModel:
    """A Keras model with what has to be known to use it on images in [0, 1].

    It takes images of one shape and makes the same, whatever shape and range the model has:
    flat rows of pixels, one channel or none, 0 to 255.

    Args:
        model: A functional or sequential model from `(batch, height, width)`, the same with
            channels, or `(batch, pixels)`, to as many numbers.
        model_range: What black and white are to it: `"0-1"`, `"0-255"` or `"-1-1"`, or two of
            them with a comma, of its inputs and of its outputs. `None` is `"0-1"`, and warns
            where images show that another one is meant.
        code_layer: Name of the layer whose outputs are the codes; `None` is the layer `encoder`,
            or else the narrowest that everything goes through.
        image_shape: Shape of one image; `None` until `on_shape` or another tells it.

    Raises:
        InvalidSetting: If the model takes or makes something else, or the range is unknown.

    Example:

    >>> import keras
    >>> rows = keras.Sequential([keras.Input((16,)), keras.layers.Dense(2), keras.layers.Dense(16)])
    >>> model = ImageModel(rows).on_shape((4, 4))
    >>> model.outputs(np.zeros((3, 4, 4))).shape, model.codes(np.zeros((3, 4, 4))).shape
    ((3, 4, 4), (3, 2))
    """

    def __init__(
        self,
        model: keras.Model,
        model_range: str | None = None,
        code_layer: str | None = None,
        *,
        image_shape: tuple[int, ...] | None = None,
    ) -> None:
        self.model, self.model_range, self.code_layer = model, model_range, code_layer
        self._given, self._made = _shapes(model)
        self._range = _two_ranges(model_range)
        self._shape = image_shape

    @classmethod
    def of(cls, model: keras.Model | ImageModel) -> ImageModel:
        """Returns the model with its defaults, or itself where it is one of these."""
        return model if isinstance(model, ImageModel) else cls(model)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        assert self._shape is not None, "the shape of the images is not known yet"
        return self._shape

    def on_shape(self, shape: Sequence[int], whose: str = "images") -> ImageModel:
        """Returns the model for images of a shape; grey ones may have a channel axis or none.

        Raises:
            InvalidSetting: If it does not take them, or makes images of another size of them.
        """
        shape = tuple(shape)
        own = self._own
        if not (math.prod(shape) == own[0] if len(own) == 1 else _fits(own, shape)):
            raise InvalidSetting(
                "model", f"a model of images {own}", f"one of {shape}, the shape of {whose}"
            )
        model = ImageModel(self.model, self.model_range, self.code_layer, image_shape=shape)
        if None in (*self._given, *self._made):
            model._check_sizes()
        return model

    def on_data(self, data: ImageData) -> ImageModel:
        """Returns the model for the images of a data set; see `on_shape`."""
        return self.on_shape(data.train.shape[1:], f"{data.name}'s images")

    def on_pictures(self, common_size: Callable[[], tuple[int, int] | None]) -> ImageModel:
        """Returns the model for pictures, which are scaled to its size where it has one.

        Args:
            common_size: Tells, where the model has no size, what height and width all pictures
                have; `None` where they differ.

        Raises:
            InvalidSetting: If it has none, and the pictures do not tell it.
        """
        if self._shape is not None:
            return self
        own = self._own
        size = common_size() if len(own) == 1 or None in own[:2] else (0, 0)
        if len(own) == 1:
            return self.on_shape(_picture_shape(own[0] or 0, size), "pictures")
        if size is None:
            raise InvalidSetting(
                "pictures", "several sizes", "one, for a model that takes images of any size"
            )
        sides = [side or free for side, free in zip(own[:2], size, strict=True)]
        return self.on_shape((*sides, *(int(one or 1) for one in own[2:])), "pictures")

    def checked(self, images: Images) -> ImageModel:
        """Looks whether the model works in [0, 1], where nobody has said what it works in.

        Warns where it reconstructs the first of these images in another range far better, or
        makes of them what cannot be images in [0, 1].

        Args:
            images: In [0, 1], `(images, *image_shape)`.
        """
        images = np.asarray(images[:PROBED], np.float32)
        if self.model_range is not None or not len(images):
            return self
        errors = {
            (given, made): float(np.mean(np.square(self._in_ranges(raw, made) - images)))
            for given in RANGES
            for raw in [self._raw(images, given)]
            for made in RANGES
        }
        ours = errors["0-1", "0-1"]
        best = min(errors, key=lambda pair: errors[pair] if errors[pair] >= 0 else math.inf)
        better = errors[best] < min(ours / _BETTER, _OF_GREY * float(images.var()))
        if better or ours > 1:
            name = best[0] if best[0] == best[1] else ",".join(best)
            advice = f"with --model-range {name} it is {errors[best]:.3g}"
            if not better:
                advice = "expected outputs in [0, 1], or a --model-range that makes them so"
            shown = f"{ours:,.0f}" if ours > 10 else f"{ours:.3g}"
            warnings.warn(
                f"the model does not seem to work in [0, 1]: its MSE is {shown}; {advice}",
                KerasAEWarning,
                stacklevel=3,
            )
        return self

    def outputs(self, images: Images, batch: int = _BATCH) -> NDArray[np.float32]:
        """Returns what the model makes of images; see `model_outputs.outputs`.

        Raises:
            InvalidSetting: If that are no finite numbers.
        """
        return _finite(outputs(self, images, rows_at_once(batch, self._widest)), "outputs")

    def errors(
        self, images: NDArray[np.uint8], inputs: Images | None = None
    ) -> NDArray[np.floating]:
        """Returns the MSE of each image; see `model_outputs.image_mse_function`.

        Raises:
            InvalidSetting: If that are no finite numbers.
        """
        return _finite(self._mse(images, inputs), "outputs")

    def codes(self, images: Images, batch: int = _BATCH) -> NDArray[np.float32]:
        """Returns the codes of images, `float32`, `(images, code_size)`.

        Raises:
            InvalidSetting: If the model has no code that is a vector, or it is not finite.
        """
        from kerasae.model_graph import Passage

        passage = Passage(self.model, self._vector)

        def encode(images: Any, training: bool) -> Any:
            return passage(self._entering(images), training=training)

        return _finite(outputs(encode, images, rows_at_once(batch, self._widest)), "codes")

    def decoded(self, codes: Images) -> NDArray[np.float32]:
        """Returns the images that codes stand for.

        Raises:
            InvalidSetting: If its images do not follow from its codes alone.
        """
        from kerasae.model_graph import Passage

        code = self._vector
        if not self._graph.holds_all(code):
            raise InvalidSetting(
                "model", f"one with ways around the layer {code.name!r}", "images that follow "
                "from codes alone; name another layer with --code-layer"
            )  # fmt: skip
        passage = Passage(self.model, code, self._dims)

        def decode(codes: Any, training: bool) -> Any:
            return self._leaving(passage(codes, training=training))

        return _finite(outputs(decode, codes), "outputs")

    @property
    def code_size(self) -> int | None:
        """Size of the code; `None` where it is no vector, or nothing is narrower than images."""
        code = self._code
        return code.shape[0] if code is not None and len(code.shape) == 1 else None

    def __call__(self, images: Any, training: bool = False) -> Any:
        """Reconstructs a batch, of arrays or tensors."""
        return self._leaving(self.model(self._entering(images), training=training))

    @functools.cached_property
    def _mse(self) -> ImageMSE:
        import tensorflow as tf

        compiled = image_mse_function(self, rows_at_once(_BATCH, self._widest))

        def mse(
            images: NDArray[np.uint8], inputs: NDArray[np.float32] | None = None
        ) -> NDArray[np.floating]:
            try:
                return compiled(images, inputs)
            # XLA lacks some of TensorFlow's operations, such as bicubic resizing.
            except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
                clean = as_floats(images)
                return image_mse(clean, self.outputs(clean if inputs is None else inputs))

        return mse

    @functools.cached_property
    def _widest(self) -> int:
        """Numbers in the largest output of a layer for one image."""
        try:
            return max((place.size for place in self._graph.places), default=1)
        # A model that cannot be looked into may well be run.
        except InvalidSetting:
            return 1

    @property
    def _own(self) -> Shape:
        """The shape that the model says its images have; of flat models as many numbers."""
        return max(self._given, self._made, key=len)

    @property
    def _dims(self) -> tuple[int, ...]:
        """Shape of one input of the model."""
        if len(self._given) == 1:
            return (math.prod(self.image_shape),)
        return (*self.image_shape[:2], *(int(one or 1) for one in self._given[2:]))

    def _entering(self, images: Any, given: str | None = None) -> Any:
        images = _scaled(images, *RANGES[given or self._range[0]])
        if tuple(images.shape[1:]) == self._dims:
            return images
        return _reshaped(images, self._dims)

    def _leaving(self, made: Any) -> Any:
        import keras

        if keras.backend.standardize_dtype(made.dtype) != "float32":
            made = keras.ops.cast(made, "float32")
        if tuple(made.shape[1:]) != self.image_shape:
            made = _reshaped(made, self.image_shape)
        return self._in_ranges(made, self._range[1])

    def _raw(self, images: Images, given: str) -> Images:
        """Returns what the model makes of images in a range, as it makes it."""

        def run(images: Any, training: bool) -> Any:
            return self.model(self._entering(images, given), training=training)

        return outputs(run, images, PROBED).reshape(images.shape)

    @staticmethod
    def _in_ranges(made: Any, name: str) -> Any:
        low, high = RANGES[name]
        return made if (low, high) == (0, 1) else (made - low) / (high - low)

    @functools.cached_property
    def _graph(self) -> LayerGraph:
        from kerasae.model_graph import LayerGraph

        try:
            return LayerGraph(self.model, self._dims)
        # Layers raise anything over shapes that do not suit them.
        except Exception as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise InvalidSetting(
                "model", f"one that cannot be followed on {self._dims} ({reason})",
                "one of ordinary layers",
            ) from error  # fmt: skip

    def _check_sizes(self) -> None:
        """Checks a model that takes images of any size on those of one size."""
        made, most = self._graph.output_shape, max(one.size for one in self._graph.places)
        if math.prod(size or 1 for size in made) != math.prod(self.image_shape):
            raise InvalidSetting(
                "model", f"one that makes {made} of {self._dims}",
                "one that keeps their size; other sides may suit it, such as multiples of 8",
            )  # fmt: skip
        if most > _MOST_NUMBERS:
            raise InvalidSetting(
                "model", f"one that makes {most:,} numbers of such an image",
                f"at most {_MOST_NUMBERS:,}; smaller images suit it",
            )  # fmt: skip

    @functools.cached_property
    def _code(self) -> Place | None:
        places = self._graph.places
        name = self.code_layer or ENCODER
        named = [place for place in places if place.name == name]
        if self.code_layer is not None and not named:
            names = [place.name for place in places]
            more = ", …" if len(names) > _NAMED else ""
            raise InvalidSetting("code_layer", name, f"one of {', '.join(names[:_NAMED])}{more}")
        if self.code_layer is None:
            named = [place for place in named if place.depth == 0]
        return min(named, key=lambda place: place.depth) if named else self._narrowest()

    def _narrowest(self) -> Place | None:
        """Finds the bottleneck: of layers alike, the last before weights change it again."""

        def kind(place: Place) -> tuple[int, int, int]:
            return place.size, len(place.shape), place.depth

        pixels = math.prod(self.image_shape)
        narrow = sorted((one for one in self._graph.places if one.size < pixels), key=kind)
        found = next(filter(self._graph.holds_all, narrow), None)
        if found is not None:
            for place in narrow[narrow.index(found) + 1 :]:
                if kind(place) != kind(found) or place.has_weights:
                    break
                found = place
        return found

    @property
    def _vector(self) -> Place:
        """The code, where it is a vector."""
        code = self._code
        if code is None:
            raise InvalidSetting(
                "model", "one without a layer that is narrower than its images",
                "a bottleneck; name the layer of the codes with --code-layer",
            )  # fmt: skip
        if len(code.shape) != 1:
            raise InvalidSetting(
                "model", f"codes of the shape {code.shape}, of its layer {code.name!r}",
                "codes that are rows of numbers; name another layer with --code-layer",
            )  # fmt: skip
        return code


def _shapes(model: keras.Model) -> tuple[Shape, Shape]:
    """Returns the shapes of one input and one output, after checking them."""
    given, made = (_end_shape(model, end) for end in ("input", "output"))
    if _is_batch(given) and _is_batch(made):
        one, other = given[1:], made[1:]
        flat = min(len(one), len(other)) == 1
        known = None not in (*one, *other)
        same = known and math.prod(one) == math.prod(other) if flat else _fits(one, other)
        if same:
            return one, other
    raise InvalidSetting(
        "model", f"one from {given} to {made}",
        "an autoencoder of one input and one output: from (None, height, width), (None, height, "
        "width, channels) or (None, pixels) to as many numbers",
    )  # fmt: skip


def _end_shape(model: keras.Model, end: str) -> Any:
    """Returns the shape of the one input or output; otherwise what there is, for a message."""
    tensors = getattr(model, end, None)
    # What is called by names: its shape alone would not tell.
    if isinstance(tensors, dict):
        return {name: getattr(tensor, "shape", None) for name, tensor in tensors.items()}
    # Of models that are no graph, or not built, there is none.
    return getattr(model, f"{end}_shape", None)


def _is_batch(shape: Any) -> bool:
    sizes = isinstance(shape, tuple) and len(shape) in (2, 3, 4) and shape[0] is None
    return sizes and all(size is None or isinstance(size, int) for size in shape)


def _fits(one: Shape, other: Shape) -> bool:
    """Tells whether two shapes of images are the same; open sizes fit all."""
    one, other = _without_channel(one), _without_channel(other)
    pairs = zip(one, other, strict=False)
    return len(one) == len(other) and all(None in pair or pair[0] == pair[1] for pair in pairs)


def _without_channel(shape: Shape) -> Shape:
    return shape[:2] if len(shape) == 3 and shape[2] == 1 else shape


def _picture_shape(pixels: int, size: tuple[int, int] | None) -> tuple[int, ...]:
    """Chooses the shape of the pictures that so many numbers are: their own, or a square."""
    gray, colour = math.isqrt(pixels), math.isqrt(pixels // 3)
    sizes = [] if size is None else [size, (*size, 3)]
    for shape in [*sizes, (gray, gray), (colour, colour, 3)]:
        if math.prod(shape) == pixels:
            return shape
    raise InvalidSetting(
        "model", f"a model of {pixels:,} numbers without height and width",
        "pictures of one size with as many numbers, or a model of a square, such as 784 or 3,072",
    )  # fmt: skip


def _two_ranges(name: str | None) -> tuple[str, str]:
    names = (name or "0-1").split(",")
    if not set(names) <= set(RANGES) or len(names) > 2:
        expected = f"one of {', '.join(RANGES)}, or two with a comma: of inputs and of outputs"
        raise InvalidSetting("model_range", name, expected)
    return names[0], names[-1]


def _scaled(images: Any, low: float, high: float) -> Any:
    return images if (low, high) == (0, 1) else images * (high - low) + low


def _reshaped(images: Any, shape: Sequence[int]) -> Any:
    import keras

    return keras.ops.reshape(images, (-1, *shape))


def _finite(numbers: NDArray[Any], what: str) -> NDArray[Any]:
    if not np.isfinite(numbers).all():
        raise InvalidSetting(
            "model", f"{what} that are not finite", "finite numbers; its weights may be damaged"
        )
    return numbers
