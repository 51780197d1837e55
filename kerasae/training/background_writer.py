"""Writes while something else goes on: waiting for a disk is no work for a core."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable


class BackgroundWriter:
    """Does one piece of writing at a time, in a thread of its own.

    Example:

    >>> writer, lines = BackgroundWriter(), []
    >>> writer.start(lambda: lines.append("written"))
    >>> writer.finish()
    >>> lines
    ['written']
    """

    def __init__(self) -> None:
        self._pool: concurrent.futures.ThreadPoolExecutor | None = None
        self._writing: concurrent.futures.Future[object] | None = None

    def start(self, write: Callable[[], object]) -> None:
        """Starts a piece, once the one before is done; raises what that one raised."""
        self._wait()
        if self._pool is None:
            self._pool = concurrent.futures.ThreadPoolExecutor(1)
        self._writing = self._pool.submit(write)

    def finish(self) -> None:
        """Waits for the last piece; raises what it raised."""
        try:
            self._wait()
        finally:
            if self._pool is not None:
                self._pool.shutdown()
                self._pool = None

    def _wait(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()
