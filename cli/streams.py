"""Makes the standard streams safe to print to: closed ones, and ones that lack a letter."""

import io
import os
import sys


def prepare_streams() -> None:
    """Call it before anything else is opened or printed."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # Or the next file opened would take the number, and be printed into.
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        # Where the locale has no ★, an escape is better than a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush_output() -> None:
    """Prints what is still held back; a reader that has gone away is no error."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
