"""The formats that models are exported to, and running what was exported."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
OPENVINO_FILE = "model.xml"


@dataclasses.dataclass(frozen=True)
class Format:
    """What a model can be exported to.

    Args:
        opened: Opens what was exported, and returns a function from inputs to outputs by name.
        ending: The ending of the file; empty where it is a folder.
        modules: What is needed, all in the extra of the format's name.
        keras_name: What Keras calls it; empty where that is the same.
    """

    opened: Callable[[Path], Callable[[Arrays], Mapping[str, Any]]]
    ending: str = ""
    modules: tuple[str, ...] = ()
    keras_name: str = ""


def _onnx(path: Path) -> Callable[[Arrays], Mapping[str, Any]]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, inputs), strict=True))


def _litert(path: Path) -> Callable[[Arrays], Mapping[str, Any]]:
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(os.fspath(path)).get_signature_runner()
    return lambda inputs: run(**inputs)


def _saved_model(path: Path) -> Callable[[Arrays], Mapping[str, Any]]:
    import tensorflow as tf

    loaded = tf.saved_model.load(os.fspath(path))
    signature = loaded.signatures["serving_default"]

    def run(inputs: Arrays) -> Mapping[str, Any]:
        # The loaded model owns the weights while it runs.
        assert loaded is not None
        return signature(**{name: tf.constant(one) for name, one in inputs.items()})

    return run


def _openvino(path: Path) -> Callable[[Arrays], Mapping[str, Any]]:
    import openvino

    # The processor's bfloat16, where it has it, would be other numbers.
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.compile_model(path / OPENVINO_FILE, "CPU", exact)

    def run(inputs: Arrays) -> Mapping[str, Any]:
        made = compiled(inputs)
        # Beside its own name, an output has those of TensorFlow's nodes, which are paths.
        named = ((name, one) for one in compiled.outputs for name in one.names)
        return {name: made[one] for name, one in named if name.isidentifier()}

    return run


FORMATS = {
    "onnx": Format(_onnx, ".onnx", ("tf2onnx", "onnxruntime")),
    "litert": Format(_litert, ".tflite", ("ai_edge_litert",)),
    "saved_model": Format(_saved_model, keras_name="tf_saved_model"),
    "openvino": Format(_openvino, modules=("openvino",)),
}


def open_exported(path: Path, file_format: str) -> Callable[[Mapping[str, Any]], Arrays]:
    """Opens an exported model in its own runtime.

    Args:
        path: What `export_model` wrote.
        file_format: Its format.

    Returns:
        A function from its inputs by name, `float32`, to its outputs by name.
    """
    run = FORMATS[file_format].opened(path)

    def outputs(inputs: Mapping[str, Any]) -> Arrays:
        given = {name: np.asarray(one, np.float32) for name, one in inputs.items()}
        return {name: np.asarray(one) for name, one in run(given).items()}

    return outputs
