"""Configurations that are not of a model, or ask for more than layers; `CASES` lists them."""

from __future__ import annotations

import base64
import copy
import marshal
from pathlib import Path
from typing import Any

from hostile import Cases, Place
from model_parts import PIXELS, dense, functional, good_config, image, layer, members, pack, tensor

CASES = Cases()
case = CASES.add


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


@case("build_config: input_shape is missing")
def weights_of_an_input_that_is_not_told(place):
    larger = layer("UpSampling1D", {"name": "u", "size": 1024}, "pixels")
    return more(place, larger, layer("PReLU", {"name": "p", "shared_axes": None}, "u"))


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


@case("of keras.initializers is not in the allowlist")
def initializer_that_is_a_name_only(place):
    return more(place, dense("d", PIXELS, PIXELS, "pixels", kernel_initializer="Zeros"))


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
