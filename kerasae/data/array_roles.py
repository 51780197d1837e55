"""What the arrays in a file are, by their names: images or labels, and of which part."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

ALL, TRAIN, VALIDATION, TEST = "all", "train", "validation", "test"
Header = tuple[np.dtype[Any], tuple[int, ...]]
Roles = dict[str, tuple[str, str | None]]
_PARTS = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "dev"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
}
_IMAGES = {"x", "image", "images", "img", "imgs", "data", "pictures", "pixels"}
_LABELS = {"y", "label", "labels", "target", "targets", "class", "classes"}
# By number, as numpy.savez calls arrays that are given without a name.
_IN_ORDER = {1: (ALL,), 2: (TRAIN, TEST), 3: (TRAIN, VALIDATION, TEST)}


def roles_of(headers: Mapping[str, Header | None]) -> tuple[Roles, list[str]]:
    """Says what the arrays of an `.npz` file are.

    Names are those of Keras (`x_train`), scikit-learn (`X_train`, `data` and `target`), MedMNIST
    (`train_images`, `train_labels`) and of `numpy.savez` itself (`arr_0`), or any where there is
    one array.

    Args:
        headers: Type and shape of each array by its name; `None` for what holds no numbers.

    Returns:
        By part the names of the images and of their labels or `None`; and the names of what is
        not known.

    Example:

    >>> kind = np.dtype("uint8")
    >>> roles_of({"X_train": (kind, (9, 4, 4)), "y_train": (kind, (9,)), "notes": None})
    ({'train': ('X_train', 'y_train')}, ['notes'])
    """
    arrays = {name: header for name, header in headers.items() if header is not None}
    if arrays and all(re.fullmatch(r"arr_\d{1,3}", name) for name in headers):
        return _in_order(arrays)
    if len(arrays) == 1 and not (_kind(only := next(iter(arrays))) and _part(only) == TEST):
        return {ALL: (only, None)}, [name for name in headers if name not in arrays]
    found: dict[tuple[str, bool], list[str]] = {}
    for name in arrays:
        kind = _kind(name)
        if kind is not None:
            found.setdefault((_part(name), kind == "labels"), []).append(name)
    roles: Roles = {}
    for part in (ALL, TRAIN, VALIDATION, TEST):
        images, labels = found.get((part, False), []), found.get((part, True), [])
        if len(images) == 1:
            roles[part] = (images[0], labels[0] if len(labels) == 1 else None)
    used: set[str | None] = {name for role in roles.values() for name in role}
    return roles, [name for name in headers if name not in used]


def _in_order(arrays: Mapping[str, Header]) -> tuple[Roles, list[str]]:
    names = sorted(arrays, key=lambda name: int(name[4:]))
    labels = [name for name in names if len(arrays[name][1]) == 1 or arrays[name][1][1:] == (1,)]
    images = [name for name in names if name not in labels]
    if len(images) not in _IN_ORDER or len(labels) not in (0, len(images)):
        return {}, names
    of_images: list[str | None] = [*labels] or [None] * len(images)
    pairs = zip(images, of_images, strict=True)
    return dict(zip(_IN_ORDER[len(images)], pairs, strict=True)), []


def _words(name: str) -> list[str]:
    apart = re.sub(r"^([XxYy])(?=train|test|val)|(?<=[a-z])(?=[A-Z])", r"\1_", name)
    return re.findall(r"[a-z]+", apart.lower())


def _part(name: str) -> str:
    return next((_PARTS[word] for word in _words(name) if word in _PARTS), ALL)


def _kind(name: str) -> str | None:
    words = set(_words(name))
    if words & _LABELS:
        return "labels"
    # A name that is a part and nothing else is that of images.
    return "images" if words & _IMAGES or (words and words <= _PARTS.keys()) else None
