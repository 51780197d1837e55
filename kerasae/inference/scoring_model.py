"""An autoencoder and its detector as one model, which says by itself which images are odd."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasae.anomaly.combined import LEAST
from kerasae.anomaly.detector import Detector
from kerasae.anomaly.local import COMPARED, SHARE, Local
from kerasae.anomaly.neighbours import NEIGHBOURS
from kerasae.anomaly.rapp import HiddenDifferences, Whitening
from kerasae.inference.file_numbers import numbers_of, pixels_of
from kerasae.model_parts import encoder_of

if TYPE_CHECKING:
    import keras

# So many more than are needed are compared exactly, the nearest by a product of matrices.
_SPARE = 27
Tensor = Any


def scoring_model(
    model: keras.Model, detector: Detector, score: str, white: float | None = None
) -> keras.Model:
    """Builds a model that reconstructs, encodes and scores.

    Args:
        model: An autoencoder of kerasae's.
        detector: Its detector.
        score: Name of one of the detector's scores.
        white: The number that is white in its images, and in the reconstruction; `None` where
            both are in [0, 1].

    Returns:
        A model from `images`, `(batch, *image_shape)`, and `threshold`, a number, to
        `reconstruction`, `code`, `score`, `(batch,)`, and `odd`, whether the score is above the
        threshold.

    Raises:
        InvalidSetting: If the model has no encoder.
    """
    import keras

    images = keras.Input(model.input_shape[1:], name="images")
    threshold = keras.Input(batch_shape=(), name="threshold")
    pixels = pixels_of(images, white)
    made, code = model(pixels), encoder_of(model)(pixels)
    value = _score(model, detector, score, pixels, made, code)
    outputs = {
        "reconstruction": numbers_of(made, white), "code": code, "score": value,
        "odd": keras.ops.greater(value, threshold),
    }  # fmt: skip
    return keras.Model([images, threshold], outputs)


def _score(
    model: keras.Model, detector: Detector, score: str, images: Tensor, made: Tensor, code: Tensor
) -> Tensor:
    from keras import ops

    if score == "reconstruction":
        return ops.mean(ops.square(made - images), axis=tuple(range(1, len(images.shape))))
    if score == "knn":
        return _near(_codes(detector), code, NEIGHBOURS)[0]
    units = HiddenDifferences(model).units
    if score == "local":
        assert detector.local is not None
        places = _near(_codes(detector), code, COMPARED)[1]
        return _local(detector.local, units(images), places)
    differences = units(images) - units(ops.clip(made, 0, 1))
    if score == "sap":
        return ops.sum(ops.square(differences), axis=1)
    if score == "nap":
        assert detector.whitening is not None
        return _nap(detector.whitening, differences)
    combined = detector.combined
    assert combined is not None
    ends = np.cumsum([len(one.mean) for one in combined.layers])
    parts = [
        _nap(one, differences[:, end - len(one.mean) : end])
        for one, end in zip(combined.layers, ends.tolist(), strict=True)
    ]
    parts.append(_near(_codes(detector), code, NEIGHBOURS)[0])
    logarithms = _logarithms(ops.stack(parts, axis=1))
    return ops.mean((logarithms - _floats(combined.mean)) / _floats(combined.scale), axis=1)


def _local(local: Local, units: Tensor, places: Tensor) -> Tensor:
    from keras import ops

    first = units[:, : local.roots.shape[1]]
    roots = ops.sign(first) * ops.sqrt(ops.abs(first))
    distance = _near(_floats(local.roots), roots, NEIGHBOURS)[0]
    usual = ops.mean(ops.take(_floats(local.usual), places, axis=0), axis=1)
    relative = _logarithms(distance) - SHARE * usual
    return (relative - _floats(local.mean)) / _floats(local.scale)


def _logarithms(values: Tensor) -> Tensor:
    from keras import ops

    return ops.log(ops.maximum(values, LEAST))


def _nap(whitening: Whitening, differences: Tensor) -> Tensor:
    from keras import ops

    whitened = ops.matmul(differences - _floats(whitening.mean), _floats(whitening.directions))
    return ops.sum(ops.square(whitened), axis=1)


def _codes(detector: Detector) -> NDArray[np.float32]:
    assert detector.codes is not None
    return _floats(detector.codes)


def _near(known: NDArray[np.float32], rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Returns the mean distance to the 5 nearest that are known, and where the nearest stand.

    The product alone would lose the digits of distances that are small beside the numbers.
    """
    from keras import ops

    nearness = 2 * ops.matmul(rows, known.T) - np.square(known).sum(1)
    places = ops.top_k(nearness, min(count + _SPARE, len(known)))[1]
    apart = ops.take(known, places, axis=0) - ops.expand_dims(rows, 1)
    nearest, order = ops.top_k(-ops.sum(ops.square(apart), axis=2), min(count, len(known)))
    distances = ops.sqrt(ops.maximum(-nearest[:, :NEIGHBOURS], 0.0))
    return ops.mean(distances, axis=1), ops.take_along_axis(places, order, axis=1)


def _floats(numbers: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(numbers, np.float32)
