"""Starts TensorFlow: with so many threads, quietly, and without what training does not need."""

import contextlib
import ctypes
import gc
import importlib
import logging
import os
import sys
from collections.abc import Iterator

from kerasae.errors import InvalidSetting

# For a process of kerasae's own, whatever other programs of this machine are set to.
OWN_PROCESS = {"KERAS_BACKEND": "tensorflow", "MPLBACKEND": "agg"}
# Of glibc's malloc.h.
_M_ARENA_MAX = -8


def start_tensorflow(threads: int | None = None, *, lean: bool = False) -> None:
    """Imports TensorFlow for this process; only the first call in a process can set threads.

    Args:
        threads: Threads to compute with; `None` leaves it to TensorFlow, which takes all cores.
            One thread gives the same bits everywhere.
        lean: Whether to leave out the packages that Keras imports where they are installed, to
            accept their objects and to plot. They are 120 MiB and half of the time to start,
            but cannot be imported by this process any more.

    Raises:
        InvalidSetting: If Keras runs, or is told to run, on another backend.
    """
    _check_backend()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if threads is not None:
        # TensorFlow reads these once, at its import, which must therefore come after.
        os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(threads)
    if lean:
        for package in ("matplotlib", "narwhals", "pandas", "scipy", "sklearn"):
            sys.modules.setdefault(package, None)  # type: ignore[arg-type]
    with _native_stderr_silenced():
        # Looking for devices is part of it: it complains where there is no driver of CUDA.
        importlib.import_module("tensorflow").config.list_physical_devices()
        importlib.import_module("keras")


def _check_backend() -> None:
    if keras := sys.modules.get("keras"):
        name, backend = "the backend of Keras", keras.config.backend()
    else:
        # Of keras.json, which is meant for all programs, nothing is asked.
        name, backend = "KERAS_BACKEND", os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        raise InvalidSetting(
            name, backend, "tensorflow, which kerasae trains with; unset KERAS_BACKEND, or set it "
            "to tensorflow before Keras is imported"
        )  # fmt: skip


def give_memory_back() -> None:
    """Returns freed memory to the system, which glibc otherwise keeps for the next compilation."""
    gc.collect()
    _call_glibc("malloc_trim", 0)


def spare_imports() -> None:
    """Has collections of garbage pass over what is imported, a third of a second of each."""
    gc.collect()
    gc.freeze()


def keep_one_heap() -> None:
    """Has glibc keep one heap: compiling in several threads leaves holes in a heap of each.

    Call it before TensorFlow starts. Mapping large arrays by themselves would save a little more,
    but makes a training step 7 % slower.
    """
    _call_glibc("mallopt", _M_ARENA_MAX, 1)


def _call_glibc(name: str, *arguments: int) -> None:
    function = getattr(ctypes.CDLL(None), name, None) if os.name == "posix" else None
    if function is not None:
        function(*arguments)


@contextlib.contextmanager
def retracing_silenced() -> Iterator[None]:
    """Keeps TensorFlow from warning of functions that are traced again: each model has its own."""

    def wanted(record: logging.LogRecord) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()

    logger = logging.getLogger("tensorflow")
    logger.addFilter(wanted)
    try:
        yield
    finally:
        logger.removeFilter(wanted)


@contextlib.contextmanager
def _native_stderr_silenced() -> Iterator[None]:
    """TensorFlow's libraries log to file descriptor 2 while they load, whatever they are told.

    Python's exceptions still get through.
    """
    try:
        kept = os.dup(2)
    except OSError:
        kept = None  # it is closed
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere != 2:
        os.dup2(nowhere, 2)
        os.close(nowhere)
    try:
        yield
    finally:
        # Where it was closed it stays silenced: the next file opened would get the logs.
        if kept is not None:
            os.dup2(kept, 2)
            os.close(kept)
