"""Exporting a model to other runtimes, and checking that they compute what Keras computes."""

from __future__ import annotations

import dataclasses
import logging
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasae.errors import InvalidSetting, KerasAEError
from kerasae.extras import need
from kerasae.files import whole_files
from kerasae.model_parts import DECODER, ENCODER, decoder_of, encoder_of

if TYPE_CHECKING:
    import keras

Images = NDArray[np.float32]
_LARGEST_DIFFERENCE = 1e-4
_CHECKED = 4
_OPENVINO_FILE = "model.xml"


@dataclasses.dataclass(frozen=True)
class _Format:
    """What a model can be exported to.

    Args:
        run: Runs what was exported.
        ending: The ending of the file; empty where it is a folder.
        modules: What is needed, all in the extra of the format's name.
    """

    run: Callable[[Path, Images], Any]
    ending: str = ""
    modules: tuple[str, ...] = ()


def _run_onnx(path: Path, images: Images) -> Any:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def _run_litert(path: Path, images: Images) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(os.fspath(path)).get_signature_runner()
    (name,) = run.get_input_details()
    (output,) = run(**{name: images}).values()
    return output


def _run_saved_model(path: Path, images: Images) -> Any:
    import tensorflow as tf

    loaded = tf.saved_model.load(os.fspath(path))  # it owns the weights while it runs
    return loaded.serve(tf.constant(images)).numpy()


def _run_openvino(path: Path, images: Images) -> Any:
    import openvino

    # The processor's bfloat16, where it has it, would be other numbers.
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.compile_model(path / _OPENVINO_FILE, "CPU", exact)
    return compiled(images)[0]


_FORMATS = {
    "onnx": _Format(_run_onnx, ".onnx", ("tf2onnx", "onnxruntime")),
    "litert": _Format(_run_litert, ".tflite", ("ai_edge_litert",)),
    "saved_model": _Format(_run_saved_model),
    "openvino": _Format(_run_openvino, modules=("openvino",)),
}
FORMATS = tuple(_FORMATS)
WHOLE = "model"
PARTS = (WHOLE, ENCODER, DECODER)


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
    wanted = _FORMATS[file_format]
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
    ending = _FORMATS[file_format].ending if file_format in FORMATS else ""
    return folder / (f"{stem}{ending}" if ending else f"{stem}-{file_format}")


def export_model(model: keras.Model, file_format: str, path: Path, *, part: str = WHOLE) -> float:
    """Exports a model through Keras, then runs the result beside Keras.

    Args:
        model: The model, from `(batch, *image_shape)` to the same.
        file_format: `onnx`, `litert`, `saved_model` (a folder) or `openvino` (a folder with
            `model.xml` and `model.bin`).
        path: A new file or folder.
        part: `model`, or `encoder` or `decoder` of a model that has them, as kerasae's have.

    Returns:
        The largest absolute difference between its output and Keras' on a few random inputs.

    Raises:
        InvalidSetting: If the format is unknown, the path has the wrong ending, or the model takes
            images of any size.
        ArtifactError: If there is something already, or it cannot be written.
        KerasAEError: If the result does not run, or computes something else; nothing is left.
        MissingExtra: If a library is missing.
    """
    check_export(file_format, path)
    if part not in PARTS:
        raise InvalidSetting("part", part, f"one of {', '.join(PARTS)}")
    if part != WHOLE:
        model = encoder_of(model) if part == ENCODER else decoder_of(model)
    if None in model.input_shape[1:]:
        raise InvalidSetting("model", f"one from {model.input_shape}", "one of images of one size")
    place = whole_files.replacing if _FORMATS[file_format].ending else whole_files.new_folder
    with place(path) as temporary:
        return _export(model, file_format, temporary)


def run_exported(path: Path, file_format: str, images: Images) -> Images:
    """Runs an exported model.

    Args:
        path: What `export_model` wrote.
        file_format: Its format.
        images: In [0, 1], `float32`, `(images, *image_shape)`.

    Returns:
        Its output, of the same shape.
    """
    return np.asarray(_FORMATS[file_format].run(path, images))


def _export(model: keras.Model, file_format: str, path: Path) -> float:
    target = path / _OPENVINO_FILE if file_format == "openvino" else path
    keras_name = "tf_saved_model" if file_format == "saved_model" else file_format
    images = np.random.RandomState(0).rand(_CHECKED, *model.input_shape[1:]).astype(np.float32)
    expected = np.asarray(model(images, training=False))
    log_level = logging.root.manager.disable
    # The converters log and warn about what is checked below.
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            _portable(model).export(os.fspath(target), format=keras_name, verbose=False)
        exported = run_exported(path, file_format, images)
    # Each converter and runtime has errors of its own.
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise KerasAEError(f"{file_format}: this model cannot be exported ({reason})") from error
    finally:
        logging.disable(log_level)
    difference = float(np.abs(exported - expected).max())
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
