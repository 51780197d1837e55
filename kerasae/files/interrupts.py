"""SIGINT and SIGTERM: what is being written is finished, then the program ends.

The library installs no handlers; a program that wants this behaviour enters `handling_signals`.
Without it, everything here does nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR = "\x1b[?25h"


class Interrupted(BaseException):
    """A signal asked the program to end.

    It is no `Exception`, so that nothing that handles errors takes it for one.

    Args:
        number: The signal's number; programs exit with 128 more.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.number = number

    def __reduce__(self) -> tuple[type[Interrupted], tuple[int]]:
        return type(self), (self.number,)


class _Pending:
    """What has arrived, and whether it has to wait."""

    def __init__(self) -> None:
        self.handling = False
        self.forget()

    def forget(self) -> None:
        self.number: int | None = None
        self.raised = False
        self.writes = 0

    def raise_unless_raised(self) -> None:
        if self.number is not None and not self.raised:
            self.raised = True
            raise Interrupted(self.number)


_pending = _Pending()


@contextlib.contextmanager
def handling_signals() -> Iterator[None]:
    """Turns the first SIGINT or SIGTERM into `Interrupted`; a second one leaves at once."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    _pending.forget()
    _pending.handling = True
    install_handlers_again()
    try:
        yield
    finally:
        _pending.handling = False
        for number, handler in before.items():
            signal.signal(number, handler)


def install_handlers_again() -> None:
    """Takes the signals back from a library that has replaced the handlers."""
    if _pending.handling:
        for number in _SIGNALS:
            signal.signal(number, _on_signal)


@contextlib.contextmanager
def finishing_writes() -> Iterator[None]:
    """Holds `Interrupted` back until the block has ended, in the thread that it is raised in."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _pending.writes += 1
    try:
        yield
    finally:
        _pending.writes -= 1
    if not _pending.writes:
        _pending.raise_unless_raised()


def check() -> None:
    """Raises `Interrupted` if a signal has arrived.

    For loops: an exception that a signal's handler raises inside a callback of C code is lost.
    """
    if _pending.number is not None:
        raise Interrupted(_pending.number)


def _on_signal(number: int, frame: FrameType | None) -> None:
    if _pending.number is not None:
        if sys.stderr is not None and sys.stderr.isatty():
            os.write(2, _SHOW_CURSOR.encode())
        os._exit(128 + number)
    _pending.number = number
    if not _pending.writes:
        _pending.raise_unless_raised()
