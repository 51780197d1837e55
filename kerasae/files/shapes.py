"""Declared shapes: values are checked against annotations by msgspec, and refused in words.

msgspec takes plain dataclasses, never turns one type into another, and is imported in a fifth of
the time of pydantic.
"""

import dataclasses
import functools
import re
import sys
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from kerasae.errors import InvalidSetting
from kerasae.files.local_files import WrongShape

Shaped = TypeVar("Shaped")
# The upper bound of a number that only has to be finite.
FINITE = sys.float_info.max
_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "True or False"}
# The same of JSON, by msgspec's names.
_JSON_WORDS = {
    "int": "a whole number", "float": "a number", "str": "a text", "bool": "true or false",
    "null": "null", "array": "a list", "object": "values by name",
}  # fmt: skip


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
        bare, metas, _ = _apart(shape)
        text = next((meta.description for meta in metas if meta.description), "")
        fields[field.name] = Field(field.name, shape, bare, field.default, text, _extra(metas))
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
        # Nobody writes a tuple on the command line.
        received = list(value) if isinstance(value, tuple) else value
        raise InvalidSetting(name, received, expected(shape)) from None


def read_shape(value: Any, shape: type[Shaped]) -> Shaped:
    """Makes a declared shape of parsed JSON; nothing in it is turned into another type.

    Args:
        value: Parsed JSON.
        shape: A dataclass, or another annotation.

    Raises:
        WrongShape: If it has another shape; the reason names the key.

    Example:

    >>> read_shape([1, "2"], list[int])
    Traceback (most recent call last):
        ...
    kerasae.files.local_files.WrongShape: [1]: expected a whole number, received a text
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise WrongShape(_in_words(str(error))) from None


def _in_words(reason: str) -> str:
    """Says what msgspec says as this project does, the key first.

    Example:

    >>> _in_words("Expected `int | null`, got `str` - at `$.a.b`")
    'a.b: expected a whole number or null, received a text'
    >>> _in_words("Object missing required field `trial`")
    'trial is missing'
    """
    what, _, place = reason.partition(" - at `")
    what = re.sub(r"Object missing required field `(.*)`", r"\1 is missing", what)
    what = what.replace("Expected", "expected").replace(", got", ", received")
    what = re.sub(
        r"`([\w |]+)`",
        lambda kinds: " or ".join(_JSON_WORDS.get(kind, kind) for kind in kinds[1].split(" | ")),
        what,
    )
    key = place.rstrip("`").removeprefix("$").removeprefix(".")
    return f"{key}: {what}" if key else what


def expected(shape: Any) -> str:
    """Says in words what an annotation accepts.

    Example:

    >>> expected(Annotated[float, msgspec.Meta(ge=0, lt=1)] | None)
    'a number of at least 0 and below 1, or none'
    >>> expected(tuple[Annotated[int, msgspec.Meta(ge=1, le=9)], ...])
    'a list, each a whole number from 1 to 9'
    """
    kind, metas, optional = _apart(shape)
    words = _extra(metas).get("expected")
    if words is not None:
        return str(words)
    if typing.get_origin(kind) is Literal:
        words = "one of " + ", ".join(map(str, typing.get_args(kind)))
    elif typing.get_origin(kind) is tuple:
        most = next((f" of at most {meta.max_length}" for meta in metas if meta.max_length), "")
        words = f"a list{most}, each {expected(typing.get_args(kind)[0])}"
    else:
        words = _WORDS[kind] + _bounds(metas)
    return f"{words}, or none" if optional else words


def _bounds(metas: list[msgspec.Meta]) -> str:
    bounds = {
        name: bound
        for meta in metas
        for name in ("gt", "ge", "lt", "le")
        if (bound := getattr(meta, name)) is not None
    }
    finite = bounds.get("le") == FINITE
    if "ge" in bounds and "le" in bounds and not finite:
        return f" from {bounds['ge']} to {bounds['le']}"
    words = {
        "gt": " above {}", "ge": " of at least {}", "lt": " and below {}",
        "le": " and finite" if finite else " and at most {}",
    }  # fmt: skip
    return "".join(words[name].format(bound) for name, bound in bounds.items())


def _apart(shape: Any) -> tuple[Any, list[msgspec.Meta], bool]:
    """Takes an annotation apart: its kind, what is said of it, and whether it accepts `None`."""
    metas, optional = [], False
    while True:
        origin = typing.get_origin(shape)
        if origin is Annotated:
            shape, *said = typing.get_args(shape)
            metas += [meta for meta in said if isinstance(meta, msgspec.Meta)]
        elif origin in (types.UnionType, typing.Union):
            (shape,) = (part for part in typing.get_args(shape) if part is not type(None))
            optional = True
        else:
            return shape, metas, optional


def _extra(metas: list[msgspec.Meta]) -> dict[str, Any]:
    return {key: value for meta in metas for key, value in (meta.extra or {}).items()}


def _plain(value: Any) -> Any:
    """Returns a value with Python's own numbers; grids made with NumPy have NumPy's."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.tolist() if hasattr(value, "tolist") else value
