"""An autoencoder and its detector as one model, which says by itself which images are odd."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasae.anomaly.combined import LEAST
from kerasae.anomaly.detector import Detector
from kerasae.anomaly.neighbours import NEIGHBOURS
from kerasae.anomaly.rapp import HiddenDifferences, Whitening
from kerasae.inference.file_numbers import numbers_of, pixels_of
from kerasae.model_parts import encoder_of

if TYPE_CHECKING:
    import keras

# Codes that are compared exactly, of those that are nearest by a product of matrices.
_CANDIDATES = 32
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
        return _distance(detector, code)
    units = HiddenDifferences(model).units
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
    values = ops.stack([*parts, _distance(detector, code)], axis=1)
    logarithms = ops.log(ops.maximum(values, LEAST))
    return ops.mean((logarithms - _floats(combined.mean)) / _floats(combined.scale), axis=1)


def _nap(whitening: Whitening, differences: Tensor) -> Tensor:
    from keras import ops

    whitened = ops.matmul(differences - _floats(whitening.mean), _floats(whitening.directions))
    return ops.sum(ops.square(whitened), axis=1)


def _distance(detector: Detector, code: Tensor) -> Tensor:
    """Returns the mean distance to the nearest codes.

    The product alone would lose the digits of distances that are small beside the codes.
    """
    from keras import ops

    assert detector.codes is not None
    known = _floats(detector.codes)
    nearness = 2 * ops.matmul(code, known.T) - np.square(known).sum(1)
    rows = ops.top_k(nearness, min(_CANDIDATES, len(known)))[1]
    squares = ops.sum(ops.square(ops.take(known, rows, axis=0) - ops.expand_dims(code, 1)), axis=2)
    nearest = ops.top_k(-squares, min(NEIGHBOURS, len(known)))[0]
    return ops.mean(ops.sqrt(ops.maximum(-nearest, 0.0)), axis=1)


def _floats(numbers: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(numbers, np.float32)
