"""Weights that are elsewhere, or more than they seem; `CASES` lists them."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hostile import Case, Cases, Place
from model_parts import members, pack, weights

CASES = Cases()
case = CASES.add


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
