"""Libraries that only some features need."""

import importlib.util

from kerasae.errors import MissingExtra


def need(module: str, extra: str) -> None:
    """Checks that an optional library is installed.

    Args:
        module: Name of its top module.
        extra: The extra of kerasae that installs it.

    Raises:
        MissingExtra: If it is not; the message says how to install it.

    Example:

    >>> need("no_such_library", "onnx")
    Traceback (most recent call last):
        ...
    kerasae.errors.MissingExtra: no_such_library is not installed; install it with \
pip install 'kerasae[onnx]'
    """
    try:
        found = importlib.util.find_spec(module) is not None
    except ValueError:  # the module was barred from being imported
        found = False
    if not found:
        raise MissingExtra(
            f"{module} is not installed; install it with pip install 'kerasae[{extra}]'"
        )
