"""Parts of a small model's file as Keras writes it, to be put together rightly or wrongly."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hostile import Place

PIXELS, CODE = 4, 3
METADATA = json.dumps({"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"})


def tensor(source: str, size: int = PIXELS) -> dict[str, Any]:
    config = {"shape": [None, size], "dtype": "float32", "keras_history": [source, 0, 0]}
    return {"class_name": "__keras_tensor__", "config": config}


def layer(kind: str, config: dict[str, Any], source: str | None = None, **around: Any):
    nodes = [{"args": [tensor(source)], "kwargs": {}}] if source else []
    return {
        "module": "keras.layers", "class_name": kind, "config": config, "registered_name": None,
        "name": config["name"], "inbound_nodes": nodes, **around,
    }  # fmt: skip


def dense(name: str, inputs: int, units: int, source: str, **config: Any) -> dict[str, Any]:
    settings = {"name": name, "trainable": True, "dtype": "float32", "units": units, **config}
    return layer("Dense", settings, source, build_config={"input_shape": [None, inputs]})


def functional(name: str, layers: list[Any], output: str) -> dict[str, Any]:
    config = {
        "name": name, "trainable": True, "layers": layers, "input_layers": [["image", 0, 0]],
        "output_layers": [[output, 0, 0]],
    }  # fmt: skip
    return {
        "module": "keras.src.models.functional", "class_name": "Functional", "config": config,
        "registered_name": "Functional", "build_config": {"input_shape": None},
    }  # fmt: skip


def image(size: int = PIXELS) -> dict[str, Any]:
    return layer("InputLayer", {"name": "image", "batch_shape": [None, size], "dtype": "float32"})


def good_config(*more: Any, output: str = "pixels") -> dict[str, Any]:
    layers = [image(), dense("code", PIXELS, CODE, "image"), dense("pixels", CODE, PIXELS, "code")]
    layers[2]["inbound_nodes"][0]["args"] = [tensor("code", CODE)]
    return functional("model", [*layers, *more], output)


def good_arrays() -> dict[str, Any]:
    make = np.random.RandomState(0).rand
    return {
        "layers/dense/vars/0": make(PIXELS, CODE).astype("f4"),
        "layers/dense/vars/1": make(CODE).astype("f4"),
        "layers/dense_1/vars/0": make(CODE, PIXELS).astype("f4"),
        "layers/dense_1/vars/1": make(PIXELS).astype("f4"),
    }


def weights(change: Callable[[h5py.File], object] = lambda file: None, **options: Any) -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w", **options) as file:
        for name, array in good_arrays().items():
            file[name] = array
        change(file)
    return content.getvalue()


def members(config: Any = None, h5: bytes | None = None) -> dict[str, str | bytes]:
    text = config if isinstance(config, str | bytes) else json.dumps(config or good_config())
    return {
        "metadata.json": METADATA,
        "config.json": text,
        "model.weights.h5": weights() if h5 is None else h5,
    }


def pack(place: Place, content: dict[str, str | bytes], method: int = zipfile.ZIP_STORED) -> Path:
    path = place.folder / "model.keras"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def good_file(place: Place) -> Path:
    return pack(place, members())
