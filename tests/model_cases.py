"""Model files of strangers, each broken or hostile in one way; `CASES` lists them.

A case writes a file into its place and returns the path to load.
"""

from __future__ import annotations

import base64
import copy
import io
import json
import marshal
import os
import random
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hostile import Case, Cases, Place

PIXELS, CODE = 4, 3
METADATA = json.dumps({"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"})


CASES = Cases()
case = CASES.add


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


# Files that are no models.


@case("No such file")
def missing_file(place):
    return place.folder / "missing.keras"


@case("does not end like a zip")
def empty_file(place):
    (place.folder / "model.keras").touch()
    return place.folder / "model.keras"


@case("folder of a finished run")
def directory(place):
    (place.folder / "model.keras").mkdir()
    return place.folder / "model.keras"


@case("is a pipe")
def pipe(place):
    os.mkfifo(place.folder / "model.keras")
    return place.folder / "model.keras"


@case("is a device")
def endless_device(place):
    return "/dev/zero"


@case("is a URL")
def url(place):
    return f"http://127.0.0.1:{place.port}/model.keras"


@case("is a URL")
def hugging_face_path(place):
    return "hf://someone/model.keras"


@case("too long")
def name_of_300_letters(place):
    return place.folder / ("x" * 300 + ".keras")


@case("NUL")
def name_with_nul(place):
    return f"{place.folder}/a\0.keras"


@case("No such file")
def name_with_line_break_and_colour(place):
    return place.folder / "a\n\x1b[31m[bold]b.keras"


@case("does not end like a zip")
def picture(place):
    (place.folder / "model.keras").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
    return place.folder / "model.keras"


@case("expected at most")
def larger_than_a_gigabyte(place):
    with (place.folder / "model.keras").open("wb") as file:
        file.truncate((1 << 30) + 1)
    return place.folder / "model.keras"


# Archives that are not what Keras writes.


@case("does not end like a zip")
def cut_archive(place):
    path = good_file(place)
    path.write_bytes(path.read_bytes()[:-100])
    return path


@case("CRC-32")
def flipped_bit(place):
    path = good_file(place)
    content = bytearray(path.read_bytes())
    content[content.index(b'"pixels"')] ^= 1
    path.write_bytes(content)
    return path


@case("does not end like a zip")
def comment(place):
    path = good_file(place)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"PK\5\6"
    return path


@case("table of contents has")
def endless_table_of_contents(place):
    path = good_file(place)
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", *[0] * 16)
    count = 60_000
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(entry) * count, 0, 0)
    path.write_bytes(entry * count + end)
    return path


@case("is there twice")
def member_twice(place):
    path = good_file(place)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("config.json", "{}")
    return path


@case("is not expected")
def member_outside(place):
    return pack(place, {**members(), "../canary": "x"})


@case("is not expected")
def member_with_absolute_path(place):
    return pack(place, {**members(), str(place.canary): "x"})


@case("is not expected")
def vocabulary_in_assets(place):
    return pack(place, {**members(), "assets/layers/lookup/vocabulary.txt": "a"})


@case("'model.weights.h5' is missing")
def no_weights(place):
    content = members()
    del content["model.weights.h5"]
    return pack(place, content)


@case("encrypted")
def encrypted_member(place):
    path = good_file(place)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    return path


@case("unusual way")
def packed_with_lzma(place):
    return pack(place, members(), zipfile.ZIP_LZMA)


@case("'config.json' declares")
def bomb_in_the_config(place):
    return pack(place, members(b" " * (1 << 28)), zipfile.ZIP_DEFLATED)


@case("'model.weights.h5' declares")
def bomb_in_the_weights(place):
    return _lying_member(place, members(h5=bytes(1 << 26)), 26, "model.weights.h5", 0x7FFFFFFF)


@case("cannot be read|ends early")
def bomb_that_understates_its_size(place):
    return _lying_member(place, members(b" " * (1 << 26)), 26, "config.json", 1000)


def _lying_member(place, content, bits, name, size):
    path = pack(place, content, zipfile.ZIP_DEFLATED)
    data = path.read_bytes()
    honest, lie = struct.pack("<I", 1 << bits), struct.pack("<I", size)
    assert data.count(honest) >= 2, name
    path.write_bytes(data.replace(honest, lie))
    return path


@case("expected Keras 3")
def saved_by_keras_2(place):
    return pack(place, {**members(), "metadata.json": '{"keras_version": "2.15.0"}'})


# Configurations that are no JSON of a model.


@case("nested deeper")
def deep_json(place):
    return pack(place, members("[" * 100_000))


@case("not JSON|deeper")
def quotes_without_end(place):
    return pack(place, members('"' + r"\"" * 500_000))


@case("twice")
def key_twice(place):
    return pack(place, members('{"class_name": "Functional", "class_name": "Lambda"}'))


@case("finite")
def nan_in_the_config(place):
    config = good_config()
    config["config"]["layers"][1]["config"]["units"] = float("nan")
    return pack(place, members(config))


@case("finite")
def overflowing_number(place):
    return pack(place, members('{"class_name": 1e999}'))


@case("not JSON")
def number_of_a_million_digits(place):
    return pack(place, members('{"class_name": ' + "9" * 1_000_000 + "}"))


@case("not UTF-8")
def config_in_latin_1(place):
    return pack(place, members('{"class_name": "\xe9"}'.encode("latin-1")))


@case("allowlist of models")
def config_that_is_a_list(place):
    return pack(place, members("[]"))


@case("allowlist of models")
def class_name_that_is_a_list(place):
    return pack(place, members({**good_config(), "class_name": ["Functional"]}))


# Configurations that ask for more than layers.


def payload(place: Place) -> str:
    source = f"lambda x: (open({str(place.canary)!r}, 'w').close(), x)[1]"
    return base64.b64encode(marshal.dumps(eval(source).__code__)).decode("ascii")


def more(place: Place, *layers: Any) -> Path:
    return pack(place, members(good_config(*layers)))


@case("keras.layers.Lambda.*not in the allowlist")
def lambda_with_bytecode(place):
    code = {"class_name": "__lambda__", "config": {"value": payload(place)}}
    return more(place, layer("Lambda", {"name": "l", "function": code}, "pixels"))


@case("keras.layers.Lambda.*not in the allowlist")
def lambda_that_calls_a_public_function(place):
    function = {
        "module": "keras.utils", "class_name": "function", "config": "get_file",
        "registered_name": "get_file",
    }  # fmt: skip
    arguments = {"origin": f"http://127.0.0.1:{place.port}/x"}
    config = {"name": "l", "function": function, "arguments": arguments}
    return more(place, layer("Lambda", config, "pixels"))


@case("function of module 'keras.utils'")
def activation_that_is_a_public_function(place):
    function = {
        "module": "keras.utils", "class_name": "function", "config": "get_file",
        "registered_name": "get_file",
    }  # fmt: skip
    return more(place, dense("d", PIXELS, PIXELS, "pixels", activation=function))


@case("allowlist of activations")
def activation_with_bytecode(place):
    code = {"class_name": "__lambda__", "config": {"value": payload(place)}}
    return more(place, dense("d", PIXELS, PIXELS, "pixels", activation=code))


@case("not in the allowlist of layers")
def op_node(place):
    node = layer("Add", {"name": "add"}, "pixels")
    return more(place, {**node, "module": "keras.src.ops.numpy"})


@case("not in the allowlist of layers")
def public_function_as_a_layer(place):
    node = layer("get_file", {"name": "g", "origin": f"http://127.0.0.1:{place.port}/"}, "pixels")
    return more(place, {**node, "module": "keras.utils"})


@case("TFSMLayer.*not in the allowlist")
def tfsm_layer(place):
    return more(place, layer("TFSMLayer", {"name": "t", "filepath": str(place.folder)}, "pixels"))


@case("StringLookup.*not in the allowlist")
def vocabulary_file(place):
    config = {"name": "s", "vocabulary": "/etc/passwd"}
    return more(place, layer("StringLookup", config, "pixels"))


@case("not in the allowlist of layers")
def module_of_python(place):
    node = layer("system", {"name": "s"}, "pixels")
    return more(place, {**node, "module": "os"})


@case("registered name 'Stranger>Dense'")
def unknown_registered_name(place):
    node = dense("d", PIXELS, PIXELS, "pixels")
    return more(place, {**node, "registered_name": "Stranger>Dense"})


@case("units: received 1000000000")
def billion_units(place):
    return more(place, dense("d", PIXELS, 10**9, "pixels"))


@case("declares layers with .* weights")
def more_units_than_weights(place):
    return more(place, dense("d", PIXELS, 50_000_000, "pixels"))


@case("'input_dim' is not in the allowlist")
def unknown_setting(place):
    return more(place, dense("d", PIXELS, PIXELS, "pixels", input_dim=5))


@case("not in the allowlist of layers")
def embedding_of_terabytes(place):
    config = {"name": "e", "input_dim": 10**9, "output_dim": 1000}
    return more(place, layer("Embedding", config, "pixels"))


@case("of keras.initializers is not in the allowlist")
def initializer_of_a_stranger(place):
    made = {"module": "keras.initializers", "class_name": "STFT", "config": {}}
    return more(place, dense("d", PIXELS, PIXELS, "pixels", kernel_initializer=made))


@case("value: received")
def initializer_with_an_array(place):
    array = {"class_name": "__numpy__", "config": {"value": [0] * 99, "dtype": "O"}}
    made = {"module": "keras.initializers", "class_name": "Constant", "config": {"value": array}}
    return more(place, dense("d", PIXELS, PIXELS, "pixels", kernel_initializer=made))


@case("of module 'os'")
def regularizer_of_another_module(place):
    made = {"module": "os", "class_name": "L1", "config": {"l1": 0.1}}
    return more(place, dense("d", PIXELS, PIXELS, "pixels", kernel_regularizer=made))


@case("of module")
def quantized_type(place):
    policy = {"module": "keras.quantizers", "class_name": "QuantizedDTypePolicy", "config": {}}
    return more(place, dense("d", PIXELS, PIXELS, "pixels", dtype=policy))


@case("inbound_nodes: .*not in the allowlist")
def tensor_of_terabytes_as_argument(place):
    node = dense("d", PIXELS, PIXELS, "pixels")
    made = {"class_name": "__tensor__", "config": {"value": 1, "dtype": "float32"}}
    node["inbound_nodes"][0]["args"] = [made]
    return more(place, node)


@case("inbound_nodes: .*training")
def bytecode_as_keyword(place):
    node = dense("d", PIXELS, PIXELS, "pixels")
    made = {"class_name": "__lambda__", "config": {"value": payload(place)}}
    node["inbound_nodes"][0]["kwargs"] = {"training": made}
    return more(place, node)


@case("used in several sub-models")
def layer_with_a_shared_identity(place):
    return more(place, {**dense("d", PIXELS, PIXELS, "pixels"), "shared_object_id": 1})


@case("a name of its own")
def two_layers_of_one_name(place):
    return more(place, dense("pixels", PIXELS, PIXELS, "pixels"))


@case("expected a name")
def layer_name_with_line_break(place):
    return more(place, dense("a\nb\x1b[2J", PIXELS, PIXELS, "pixels"))


@case("expected a name")
def layer_name_with_markup(place):
    return more(place, dense("[bold red]x", PIXELS, PIXELS, "pixels"))


@case("used .* times")
def models_that_call_each_other(place):
    inner = good_config()
    for depth in range(5):
        use = {"args": [tensor("image")], "kwargs": {}}
        named = {**copy.deepcopy(inner), "name": f"m{depth}", "inbound_nodes": [use] * 10}
        named["config"]["name"] = f"m{depth}"
        inner = functional("model", [image(), named], f"m{depth}")
    return pack(place, members(inner))


@case("nested deeper than")
def models_within_models(place):
    inner = good_config()
    for depth in range(8):
        use = {"args": [tensor("image")], "kwargs": {}}
        inner["config"]["name"] = f"m{depth}"
        named = {**inner, "name": f"m{depth}", "inbound_nodes": [use]}
        inner = functional("model", [image(), named], f"m{depth}")
    return pack(place, members(inner))


@case("'hook' is not expected")
def unknown_key_beside_the_config(place):
    return more(place, {**dense("d", PIXELS, PIXELS, "pixels"), "hook": "x"})


# Weights that are elsewhere, or more than they seem.


def with_weights(place: Place, change: Callable[[h5py.File], object], **options: Any) -> Path:
    return pack(place, members(h5=weights(change, **options)))


@case("is a ExternalLink")
def external_link(place):
    with h5py.File(place.folder / "secret.h5", "w") as file:
        file["secret"] = np.ones(4)
    outside = str(place.folder / "secret.h5")
    return with_weights(
        place, lambda file: file.__setitem__("x", h5py.ExternalLink(outside, "secret"))
    )


@case("is a SoftLink")
def soft_link(place):
    return with_weights(place, lambda file: file.__setitem__("x", h5py.SoftLink("/layers")))


@case("linked twice")
def group_inside_itself(place):
    return with_weights(place, lambda file: file["layers"].__setitem__("x", file["layers"]))


@case("stored outside")
def external_storage(place):
    outside = [("/etc/passwd", 0, 16)]
    return with_weights(place, lambda f: f.create_dataset("x", (4,), "f4", external=outside))


@case("virtual dataset")
def virtual_dataset(place):
    def change(file):
        layout = h5py.VirtualLayout((4,), "f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
        file.create_virtual_dataset("x", layout)

    return with_weights(place, change)


@case("packed by a filter")
def hdf5_bomb(place):
    options = {"chunks": (1 << 20,), "compression": "gzip"}
    return with_weights(place, lambda f: f.create_dataset("x", (1 << 33,), "u1", **options))


@case("stored in pieces")
def sparse_terabyte(place):
    return with_weights(place, lambda f: f.create_dataset("x", (1 << 40,), "u1", chunks=(1 << 20,)))


@case("the file holds fewer")
def terabyte_without_storage(place):
    return with_weights(place, lambda f: f.create_dataset("x", (1 << 40,), "u1"))


@case("holds object")
def objects_of_python(place):
    return with_weights(
        place, lambda f: f.create_dataset("x", data=["a"], dtype=h5py.string_dtype())
    )


@case("has the attribute")
def attribute_with_a_reference(place):
    return with_weights(place, lambda f: f["layers"].attrs.__setitem__("r", f["layers"].ref))


@case("user block")
def user_block(place):
    return with_weights(place, lambda file: None, userblock_size=512)


@case("one object too many, or too deep")
def deep_groups(place):
    return with_weights(place, lambda file: file.create_group("/".join("x" * 100)))


@case("declares layers with 31 weights, model.weights.h5 holds 35")
def more_weights_than_layers(place):
    return with_weights(place, lambda file: file.__setitem__("x", np.ones(4, "f4")))


@case("model.weights.h5: is damaged")
def cut_weights(place):
    return pack(place, members(h5=weights()[:-200]))


@case("model.weights.h5: is damaged")
def weights_that_are_no_hdf5(place):
    return pack(place, members(h5=b"PK" * 100))


def _flipped(seed: int) -> Callable[[Place], Path]:
    def make(place: Place) -> Path:
        numbers = random.Random(seed)
        content = bytearray(weights())
        for _ in range(20):
            content[numbers.randrange(2000)] ^= 1 << numbers.randrange(8)
        return pack(place, members(h5=bytes(content)))

    return make


for _seed in range(3):
    CASES.append(Case(f"weights_with_flipped_bits_{_seed}", _flipped(_seed), "weights"))
