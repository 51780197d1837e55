"""Parsing untrusted JSON: strict, and bounded in depth before memory is taken."""

import collections
import json
import math
import re
from typing import Any

from kerasae.files.local_files import Refused

# A string is never given up and scanned again, even without its last quote: that would take
# time that grows with the square of the size.
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def parse_json(content: bytes, most_depth: int) -> Any:
    """Parses JSON; numbers must be finite, no key may come twice.

    Args:
        content: The text in UTF-8, already bounded in size.
        most_depth: How deep lists and objects may be nested.

    Returns:
        The value.

    Raises:
        Refused: If it is not such JSON.

    Example:

    >>> parse_json(b'{"a": [1, 2]}', most_depth=2)
    {'a': [1, 2]}
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"is not UTF-8 (byte {error.start})") from None
    _check_depth(text, most_depth)
    try:
        return _DECODER.decode(text)
    except ValueError as error:
        raise Refused(f"is not JSON ({error})") from None


def _check_depth(text: str, most_depth: int) -> None:
    # So it is in most files.
    if text.count("[") + text.count("{") <= most_depth:
        return
    depth = 0
    for token in _TOKENS.finditer(text):
        first = text[token.start()]
        depth += (first in "[{") - (first in "]}")
        if depth > most_depth:
            raise Refused(f"is nested deeper than {most_depth}")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Refused(f"holds {text[:100]}; expected finite numbers")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        ((twice, _),) = collections.Counter(name for name, _ in pairs).most_common(1)
        raise Refused(f"has the key {twice[:100]!r} twice")
    return values


_DECODER = json.JSONDecoder(parse_constant=_finite, parse_float=_finite, object_pairs_hook=_unique)
