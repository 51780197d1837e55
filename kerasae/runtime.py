"""Starts TensorFlow: with so many threads, quietly, and without what training does not need."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import sys
from collections.abc import Iterator

# Of glibc's malloc.h.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE = 1 << 18


def start_tensorflow(threads: int | None = None, *, lean: bool = False) -> None:
    """Imports TensorFlow for this process; only the first call in a process can set threads.

    Args:
        threads: Threads to compute with; `None` leaves it to TensorFlow, which takes all cores.
            One thread gives the same bits everywhere.
        lean: Whether to save memory, and to leave out the packages that Keras imports where they
            are installed, to accept their objects and to plot. They are 120 MiB and half of the
            time to start, but cannot be imported by this process any more.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if threads is not None:
        # TensorFlow reads these once, at its import, which must therefore come after.
        os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(threads)
    if lean:
        _give_freed_memory_back_sooner()
        for package in ("matplotlib", "narwhals", "pandas", "scipy", "sklearn"):
            sys.modules.setdefault(package, None)  # type: ignore[arg-type]
    with _native_stderr_silenced():
        importlib.import_module("tensorflow")
        importlib.import_module("keras")


def give_memory_back() -> None:
    """Returns freed memory to the system, which glibc otherwise keeps for the next compilation."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def _give_freed_memory_back_sooner() -> None:
    """Has glibc keep one heap, and map what is large by itself, which is unmapped once freed.

    Compiling in the threads of TensorFlow leaves holes in a heap of each: 30 MiB after 4 models.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _LARGE)


@contextlib.contextmanager
def _native_stderr_silenced() -> Iterator[None]:
    """TensorFlow's libraries log to file descriptor 2 while they load, whatever they are told.

    Python's exceptions still get through.
    """
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
