"""Declared shapes: values are checked against annotations by msgspec, and refused in words.

msgspec takes plain dataclasses, never turns one type into another, and is imported in a fifth of
the time of pydantic.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from kerasae.errors import InvalidSetting
from kerasae.files.local_files import Refused

Shaped = TypeVar("Shaped")
# The upper bound of a number that only has to be finite.
FINITE = sys.float_info.max


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a dataclass, as its annotation declares it.

    Args:
        name: Its name.
        shape: Its annotation.
        kind: The annotation without bounds, and without `None`.
        default: Its default.
        help: What it is, in a sentence.
        extra: What else the annotation says of it: `flags`, its options on the command line,
            `metavar`, or `expected`, what is accepted in words.
    """

    name: str
    shape: Any
    kind: Any
    default: Any
    help: str
    extra: Mapping[str, Any]


@functools.cache
def fields_of(kind: Any) -> dict[str, Field]:
    """Returns the fields of a dataclass by their names.

    Example:

    >>> @dataclasses.dataclass
    ... class Point:
    ...     x: Annotated[int, msgspec.Meta(ge=0, description="To the right.")] = 0
    >>> fields_of(Point)["x"].help
    'To the right.'
    """
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = {}
    for field in dataclasses.fields(kind):
        shape = hints[field.name]
        metas = _metas(shape)
        text = next((meta.description for meta in metas if meta.description), "")
        extra = {key: value for meta in metas for key, value in (meta.extra or {}).items()}
        fields[field.name] = Field(field.name, shape, _bare(shape), field.default, text, extra)
    return fields


def documented(kind: type[Shaped]) -> type[Shaped]:
    """Adds the fields' help to a dataclass' docstring, in the manner of Keras."""
    declared: Any = kind
    lines = [f"        {field.name}: {field.help}" for field in fields_of(declared).values()]
    summary, _, rest = (kind.__doc__ or "").partition("\n\n")
    kind.__doc__ = "\n".join([summary, "", "    Args:", *lines, "", rest])
    return kind


def checked(name: str, value: Any, shape: Any) -> Any:
    """Returns a value as its annotation has it, NumPy's numbers as Python's.

    Args:
        name: What to call it in a message.
        value: The value.
        shape: The annotation, such as `Annotated[int, msgspec.Meta(ge=1)]`.

    Raises:
        InvalidSetting: If it is of another type, or out of bounds.

    Example:

    >>> checked("epochs", 0, Annotated[int, msgspec.Meta(ge=1)])
    Traceback (most recent call last):
        ...
    kerasae.errors.InvalidSetting: epochs: received 0; expected a whole number of at least 1
    """
    try:
        return msgspec.convert(_plain(value), shape)
    except msgspec.ValidationError:
        raise InvalidSetting(name, value, expected(shape)) from None


def read_shape(value: Any, shape: type[Shaped]) -> Shaped:
    """Makes a declared shape of parsed JSON; nothing in it is turned into another type.

    Args:
        value: Parsed JSON.
        shape: A dataclass, or another annotation.

    Raises:
        Refused: If it has another shape; the reason names the key.

    Example:

    >>> read_shape([1, "2"], list[int])
    Traceback (most recent call last):
        ...
    kerasae.files.local_files.Refused: Expected `int`, got `str` - at `$[1]`
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise Refused(str(error)) from None


def expected(shape: Any) -> str:
    """Says in words what an annotation accepts.

    Example:

    >>> expected(Annotated[float, msgspec.Meta(ge=0, lt=1)] | None)
    'a number of at least 0 and below 1, or none'
    >>> expected(tuple[Annotated[int, msgspec.Meta(ge=1, le=9)], ...])
    'a list, each a whole number from 1 to 9'
    """
    metas = _metas(shape)
    for meta in metas:
        if meta.extra and "expected" in meta.extra:
            return str(meta.extra["expected"])
    kind, origin = _bare(shape), typing.get_origin(_bare(shape))
    if origin is Literal:
        words = "one of " + ", ".join(map(str, typing.get_args(kind)))
    elif origin is tuple:
        most = next((meta.max_length for meta in metas if meta.max_length), None)
        least = f" of at most {most}" if most else ""
        words = f"a list{least}, each {expected(typing.get_args(kind)[0])}"
    else:
        words = {int: "a whole number", float: "a number", str: "a text", bool: "True or False"}[
            kind
        ]
        words += _bounds(metas)
    return f"{words}, or none" if type(None) in typing.get_args(_outer(shape)) else words


def _bounds(metas: list[msgspec.Meta]) -> str:
    low = high = ""
    for meta in metas:
        if meta.ge is not None and meta.le not in (None, FINITE):
            return f" from {meta.ge} to {meta.le}"
        low = low or (f" of at least {meta.ge}" if meta.ge is not None else "")
        low = low or (f" above {meta.gt}" if meta.gt is not None else "")
        high = high or (" and finite" if meta.le == FINITE else "")
        high = high or (f" and below {meta.lt}" if meta.lt is not None else "")
    return low + high


def _outer(shape: Any) -> Any:
    return typing.get_args(shape)[0] if typing.get_origin(shape) is Annotated else shape


def _bare(shape: Any) -> Any:
    """Takes bounds and `None` off an annotation."""
    while True:
        inner = _outer(shape)
        if isinstance(inner, types.UnionType) or typing.get_origin(inner) is typing.Union:
            (inner,) = (part for part in typing.get_args(inner) if part is not type(None))
        if inner is shape:
            return shape
        shape = inner


def _metas(shape: Any) -> list[msgspec.Meta]:
    """Returns what is said of an annotation, the outermost first."""
    metas = []
    if typing.get_origin(shape) is Annotated:
        shape, *said = typing.get_args(shape)
        metas = [meta for meta in said if isinstance(meta, msgspec.Meta)]
    if isinstance(shape, types.UnionType) or typing.get_origin(shape) is typing.Union:
        for part in typing.get_args(shape):
            metas += _metas(part)
    return metas


def _plain(value: Any) -> Any:
    """Returns a value with Python's own numbers; grids made with NumPy have NumPy's."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.tolist() if hasattr(value, "tolist") else value
