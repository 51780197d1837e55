"""Checkers of the values in a model's configuration: each returns the value, or refuses it.

A checker takes the parsed JSON value and returns what Keras may see in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from kerasae.files.local_files import Refused

Checker = Callable[[Any], Any]
_NAME = re.compile(r"[A-Za-z0-9_.>-]{1,200}", re.ASCII)
LARGEST = 1 << 26  # of any size, width or dimension


def shown(value: object) -> str:
    """Returns the value as a short text for a message."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}…"


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"received {shown(value)}; expected true or false")
    return value


def count(low: int = 1, high: int = LARGEST) -> Checker:
    """Makes a checker of whole numbers from `low` to `high`."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Refused(
                f"received {shown(value)}; expected a whole number from {low} to {high:,}"
            )
        return value

    return check


def number(low: float = -1e30, high: float = 1e30) -> Checker:
    """Makes a checker of numbers from `low` to `high`."""

    def check(value: Any) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            raise Refused(f"received {shown(value)}; expected a number from {low:g} to {high:g}")
        return value

    return check


def choice(*choices: object) -> Checker:
    """Makes a checker of a few values."""

    def check(value: Any) -> Any:
        if not any(value == one and type(value) is type(one) for one in choices):
            raise Refused(
                f"received {shown(value)}; expected one of {', '.join(map(str, choices))}"
            )
        return value

    return check


def optional(checker: Checker) -> Checker:
    """Makes a checker that also lets null through."""
    return lambda value: None if value is None else checker(value)


def either(first: type, checker: Checker, other: Checker) -> Checker:
    """Makes a checker that takes one way for values of a type, and another for the rest."""
    return lambda value: checker(value) if isinstance(value, first) else other(value)


def items(checker: Checker, most: int = 8) -> Checker:
    """Makes a checker of lists whose items all pass."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) > most:
            raise Refused(f"received {shown(value)}; expected a list of at most {most}")
        return [checker(item) for item in value]

    return check


def name(value: Any) -> str:
    """Checks the name of a layer: what TensorFlow takes for a scope, without a folder."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Refused(f"received {shown(value)}; expected a name of letters, digits, _ . > or -")
    return value


def fields(value: Any, checkers: Mapping[str, Checker]) -> dict[str, Any]:
    """Checks an object key by key.

    Args:
        value: The parsed JSON value.
        checkers: The checker of each key. A key without one may only be null: what a newer
            Keras writes when the setting is not in use.

    Returns:
        The checked keys.
    """
    if not isinstance(value, dict):
        raise Refused(f"received {shown(value)}; expected an object")
    found = {}
    for key, item in value.items():
        if key in checkers:
            try:
                found[key] = checkers[key](item)
            except Refused as refused:
                raise Refused(f"{key}: {refused}") from None
        elif item is not None:
            raise Refused(f"{shown(key)} is not in the allowlist (received {shown(item)})")
    return found
