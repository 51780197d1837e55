"""Exporting a model to other runtimes, and checking that they compute what Keras computes."""

from __future__ import annotations

import dataclasses
import logging
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasae.anomaly import FALSE_ALARMS
from kerasae.anomaly.detector import Detector
from kerasae.data.pixels import as_floats
from kerasae.errors import InvalidSetting, KerasAEError
from kerasae.extras import need
from kerasae.files import whole_files
from kerasae.files.local_files import StrPath
from kerasae.inference.exported import FORMATS, OPENVINO_FILE, Arrays, open_exported
from kerasae.inference.file_numbers import numbers_of, pixels_of
from kerasae.inference.scoring_model import scoring_model
from kerasae.model_parts import DECODER, ENCODER, decoder_of, encoder_of

if TYPE_CHECKING:
    import keras

Run = Callable[[Mapping[str, Any]], Arrays]
_LARGEST_DIFFERENCE = 1e-4
_CHECKED = 4
# Images so near to the threshold may fall on either side: sums in another order differ by as much.
_NEAR = 1e-5
_BATCH = 500
WHOLE = "model"
_IMAGES, _MADE = "images", "reconstruction"
# What goes into each part and comes out of it.
_TENSORS = {WHOLE: (_IMAGES, _MADE), ENCODER: (_IMAGES, "code"), DECODER: ("code", _MADE)}
PARTS = tuple(_TENSORS)


@dataclasses.dataclass(frozen=True)
class Verdicts:
    """How an exported model and Keras agree on which images are odd.

    Args:
        difference: The largest absolute difference of reconstructions and codes, of a few random
            images.
        threshold: The threshold that they were compared at.
        images: Number of images compared; 0 where there were none.
        odd: How many of them are odd.
        near: How many more were left out, for their score is next to the threshold.
    """

    difference: float
    threshold: float
    images: int
    odd: int
    near: int


def check_export(file_format: str, path: Path) -> None:
    """Checks, before a model is read, that it can be exported so.

    Args:
        file_format: One of `FORMATS`.
        path: What to write: a new file that ends in `.onnx` or `.tflite`, or a new folder.

    Raises:
        InvalidSetting: If the format is unknown or the path has the wrong ending.
        ArtifactError: If there is something already, or the name cannot be one.
        MissingExtra: If a library is missing.
    """
    if file_format not in FORMATS:
        raise InvalidSetting("format", file_format, "one of " + ", ".join(FORMATS))
    wanted = FORMATS[file_format]
    for module in wanted.modules:
        need(module, file_format)
    if wanted.ending and path.suffix != wanted.ending:
        raise InvalidSetting("out", str(path), f"a file that ends in {wanted.ending}")
    whole_files.check_new(path)


def default_path(file_format: str, model: Path, part: str = WHOLE) -> Path:
    """Names what an export writes, beside the model or in the run's folder.

    Example:

    >>> default_path("litert", Path("a/model.keras")).as_posix()
    'a/model.tflite'
    >>> default_path("openvino", Path("a/model.keras")).as_posix()
    'a/model-openvino'
    >>> default_path("onnx", Path("a/small.keras"), "encoder").as_posix()
    'a/small-encoder.onnx'
    """
    folder, stem = (model, "model") if model.is_dir() else (model.parent, model.stem)
    if part != WHOLE:
        stem = part if stem == WHOLE else f"{stem}-{part}"
    ending = FORMATS[file_format].ending if file_format in FORMATS else ""
    return folder / (f"{stem}{ending}" if ending else f"{stem}-{file_format}")


def export_model(
    model: keras.Model,
    file_format: str,
    path: StrPath,
    *,
    part: str = WHOLE,
    white: float | None = None,
) -> float:
    """Exports a model through Keras, then runs the result beside Keras.

    Args:
        model: The model, from `(batch, *image_shape)` to the same.
        file_format: `onnx`, `litert`, `saved_model` (a folder) or `openvino` (a folder with
            `model.xml` and `model.bin`).
        path: A new file or folder.
        part: `model`, or `encoder` or `decoder` of a model that has them, as kerasae's have.
        white: The number that is white in the files of its data set: the exported model takes
            and returns images of such numbers. `None` leaves them in [0, 1].

    Returns:
        The largest absolute difference between its output and Keras' on a few random inputs, of
        images where white is 1.

    Raises:
        InvalidSetting: If the format is unknown, the path has the wrong ending, or the model takes
            images of any size.
        ArtifactError: If there is something already, or it cannot be written.
        KerasAEError: If the result does not run, or computes something else; nothing is left.
        MissingExtra: If a library is missing.
    """
    path = Path(path)
    check_export(file_format, path)
    if part not in PARTS:
        raise InvalidSetting("part", part, f"one of {', '.join(PARTS)}")
    if part != WHOLE:
        model = encoder_of(model) if part == ENCODER else decoder_of(model)
    _check_size(model)
    given, made = _TENSORS[part]
    with _place(path, file_format) as temporary:
        named = _named(_portable(model), given, made, white)
        signature = [_spec(given, (None, *model.input_shape[1:]))]
        run = _in_pixels(_exported(named, signature, file_format, temporary), white)
        inputs = _random(model.input_shape[1:])
        expected = {made: np.asarray(model(inputs, training=False))}
        return _difference(file_format, run, {given: inputs}, expected)


def export_with_score(
    model: keras.Model,
    detector: Detector,
    score: str,
    file_format: str,
    path: Path,
    images: NDArray[np.floating] | None = None,
    *,
    white: float | None = None,
) -> Verdicts:
    """Exports a model that says by itself which images are odd, and compares it with Keras.

    Its inputs are `images` and `threshold`, a number; its outputs are `reconstruction`, `code`,
    `score` and `odd`.

    Args:
        model: An autoencoder of kerasae's.
        detector: Its detector.
        score: Name of one of the detector's scores.
        file_format: See `export_model`, as for `path`.
        path: A new file or folder.
        images: In [0, 1], `(images, *image_shape)`, on which both must come to the same verdict,
            but for those within 1e-5 of the threshold (of large ones, that share of it); `None`
            compares none.
        white: See `export_model`.

    Returns:
        The `Verdicts` at the threshold that one in a hundred normal images lies above.

    Raises:
        InvalidSetting: If the format or the score is unknown, or the path has the wrong ending.
        ArtifactError: If there is something already, or it cannot be written.
        KerasAEError: If the result does not run, or says something else; nothing is left.
        MissingExtra: If a library is missing.
    """
    check_export(file_format, path)
    threshold = detector.threshold(score, FALSE_ALARMS)
    shape = model.input_shape[1:]
    with _place(path, file_format) as temporary:
        scoring = scoring_model(_portable(model), detector, score, white)
        signature = [[_spec(_IMAGES, (None, *shape)), _spec("threshold", ())]]
        run = _in_pixels(_exported(scoring, signature, file_format, temporary), white)
        inputs = _random(shape)
        expected = {
            _MADE: np.asarray(model(inputs, training=False)),
            "code": np.asarray(encoder_of(model)(inputs, training=False)),
        }
        given = {_IMAGES: inputs, "threshold": threshold}
        difference = _difference(file_format, run, given, expected)
        if images is None:
            return Verdicts(difference, threshold, 0, 0, 0)
        known = detector.scores(model, images)[score]
        clear = np.abs(known - threshold) > _NEAR * max(1, abs(threshold))
        starts = range(0, len(images), _BATCH)
        batches = [images[start : start + _BATCH] for start in starts]
        odd = np.concatenate(
            [run({_IMAGES: one, "threshold": threshold})["odd"] for one in batches]
        )
        wrong = int((odd != (known > threshold))[clear].sum())
        if wrong:
            raise KerasAEError(
                f"{file_format}: the exported model calls {wrong:,} of {len(images):,} images "
                "otherwise than Keras; expected the same verdicts"
            )
        return Verdicts(
            difference, threshold, int(clear.sum()), int(odd[clear].sum()), int((~clear).sum())
        )


def _check_size(model: keras.Model) -> None:
    if None in model.input_shape[1:]:
        raise InvalidSetting("model", f"one from {model.input_shape}", "one of images of one size")


def _place(path: Path, file_format: str) -> Any:
    return (whole_files.replacing if FORMATS[file_format].ending else whole_files.new_folder)(path)


def _named(model: keras.Model, given: str, made: str, white: float | None) -> keras.Model:
    """Wraps a model so that what goes in and comes out has names, and images their numbers."""
    import keras

    inputs = keras.Input(model.input_shape[1:], name=given)
    output = model(pixels_of(inputs, white) if given == _IMAGES else inputs)
    return keras.Model(inputs, {made: numbers_of(output, white) if made == _MADE else output})


def _in_pixels(run: Run, white: float | None) -> Run:
    """Makes images in [0, 1] what an exported model takes and returns."""
    if white is None:
        return run

    def converted(inputs: Mapping[str, Any]) -> Arrays:
        given = {name: one * white if name == _IMAGES else one for name, one in inputs.items()}
        made = run(given)
        return {name: one / white if name == _MADE else one for name, one in made.items()}

    return converted


def _spec(name: str, shape: tuple[int | None, ...]) -> Any:
    import tensorflow as tf

    return tf.TensorSpec(shape, tf.float32, name=name)


def _random(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Makes inputs of the levels that images have."""
    return as_floats(np.random.RandomState(0).randint(0, 256, (_CHECKED, *shape), np.uint8))


def _exported(model: keras.Model, signature: list[Any], file_format: str, path: Path) -> Run:
    """Writes a model, and opens it again in its own runtime."""
    target = path / OPENVINO_FILE if file_format == "openvino" else path
    keras_name = FORMATS[file_format].keras_name or file_format

    def write() -> Run:
        model.export(os.fspath(target), format=keras_name, verbose=False, input_signature=signature)
        return open_exported(path, file_format)

    return _quietly(file_format, write)


def _quietly(file_format: str, work: Callable[[], Any]) -> Any:
    log_level = logging.root.manager.disable
    # The converters log and warn about what is checked afterwards.
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            return work()
    # Each converter and runtime has errors of its own.
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        # TensorFlow shows code of Keras before it says what is wrong.
        told = lines[-1:] if lines[:1] == ["in user code:"] else lines
        reason = next(iter(told), type(error).__name__)
        raise KerasAEError(f"{file_format}: this model cannot be exported ({reason})") from error
    finally:
        logging.disable(log_level)


def _difference(
    file_format: str, run: Run, inputs: Mapping[str, Any], expected: Mapping[str, NDArray[Any]]
) -> float:
    made = _quietly(file_format, lambda: run(inputs))
    difference = max(float(np.abs(made[name] - one).max()) for name, one in expected.items())
    if not difference <= _LARGEST_DIFFERENCE:
        raise KerasAEError(
            f"{file_format}: the exported model differs from Keras by {difference:.2g}; expected "
            f"at most {_LARGEST_DIFFERENCE}"
        )
    return difference


def _portable(model: keras.Model) -> keras.Model:
    """Copies a model with GELU written with erf: Keras' own erfc is unknown to ONNX."""
    import keras

    def is_gelu(layer: keras.Layer) -> bool:
        return getattr(layer, "activation", None) is keras.activations.gelu

    def copied(layer: keras.Layer) -> keras.Layer:
        copy = layer.__class__.from_config(layer.get_config())
        if is_gelu(layer):
            copy.activation = _gelu
        return copy

    if not any(map(is_gelu, model._flatten_layers())):
        return model
    copy = keras.models.clone_model(model, clone_function=copied, recursive=True)
    copy.set_weights(model.get_weights())
    copy(np.zeros((1, *model.input_shape[1:]), np.float32))  # Keras exports only what was called
    return copy


def _gelu(x: Any) -> Any:
    import keras

    return 0.5 * x * (1.0 + keras.ops.erf(x * 0.5**0.5))
