"""Checkers of the values in a model's configuration: each returns the value, or refuses it.

A checker takes the parsed JSON value and returns what Keras may see in its place.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from kerasae.files.local_files import Refused, within

Checker = Callable[[Any], Any]
Settings = dict[str, Checker]
_NAME = re.compile(r"[A-Za-z0-9_.>-]{1,200}", re.ASCII)
LARGEST = 1 << 26  # of any size, width or dimension


def shown(value: object) -> str:
    """Returns the value as a short text for a message."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}…"


def that(holds: Callable[[Any], object], expected: str) -> Checker:
    """Makes a checker of values of which something holds; `expected` says what, in words."""

    def check(value: Any) -> Any:
        if not holds(value):
            raise Refused(f"received {shown(value)}; expected {expected}")
        return value

    return check


def count(low: int = 1, high: int = LARGEST) -> Checker:
    """Makes a checker of whole numbers from `low` to `high`."""
    return that(
        lambda value: type(value) is int and low <= value <= high,
        f"a whole number from {low} to {high:,}",
    )


def number(low: float = -1e30, high: float = 1e30) -> Checker:
    """Makes a checker of numbers from `low` to `high`."""
    return that(
        lambda value: type(value) in (int, float) and low <= value <= high,
        f"a number from {low:g} to {high:g}",
    )


def choice(*choices: object) -> Checker:
    """Makes a checker of a few values."""
    return that(
        lambda value: any(value == one and type(value) is type(one) for one in choices),
        f"one of {', '.join(map(str, choices))}",
    )


def optional(checker: Checker) -> Checker:
    """Makes a checker that also lets null through."""
    return lambda value: None if value is None else checker(value)


def items(checker: Checker, most: int = 8) -> Checker:
    """Makes a checker of lists whose items all pass."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) > most:
            raise Refused(f"received {shown(value)}; expected a list of at most {most}")
        return [checker(item) for item in value]

    return check


def one_or_more(checker: Checker, most: int = 8) -> Checker:
    """Makes a checker of single values, and of lists of them."""
    several = items(checker, most)
    return lambda value: several(value) if isinstance(value, list) else checker(value)


flag = that(lambda value: isinstance(value, bool), "true or false")
# What TensorFlow takes for a scope, without a folder.
name = that(
    lambda value: isinstance(value, str) and _NAME.fullmatch(value),
    "a name of letters, digits, _ . > or -",
)


def settings(**checkers: Checker) -> Settings:
    """Names the checkers of settings, for `fields`."""
    return checkers


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
    checked = {}
    for key, item in value.items():
        if key in checkers:
            with within(key):
                checked[key] = checkers[key](item)
        elif item is not None:
            raise Refused(f"{shown(key)} is not in the allowlist (received {shown(item)})")
    return checked
