"""Reads every object of an HDF5 file of weights: a program of its own, run by `weights_file`.

The HDF5 library is a million lines of C that damaged files have crashed before. What it makes
of an untrusted file is therefore first seen here, in a process that may die. Nothing of
kerasae is imported, so that it starts fast.
"""

import contextlib
import json
import math
import os
import sys
from pathlib import Path

import h5py

_MOST_OBJECTS = 20_000
_MOST_DEPTH = 32
_MOST_TEXT = 1000
_ATTRIBUTES = ("name", "dtype")
_LAYOUTS = (h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS)


class _Bad(Exception):
    """A rule that the file breaks."""


class _Walk:
    """Walks a file, checking each object before its content is read."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._seen: set[object] = set()
        self._bytes = 0
        self.weights = 0

    def group(self, group: h5py.Group, depth: int) -> None:
        self._object(group, depth)
        for name in group:
            link = group.get(name, getlink=True)
            path = f"{group.name.rstrip('/')}/{name}"
            if not isinstance(link, h5py.HardLink):
                raise _Bad(f"{path!r} is a {type(link).__name__}; expected what it names itself")
            child = group[name]
            if isinstance(child, h5py.Group):
                self.group(child, depth + 1)
            elif isinstance(child, h5py.Dataset):
                self._dataset(child, depth + 1)
            else:
                raise _Bad(f"{path!r} is a {type(child).__name__}; expected a group or a dataset")

    def _object(self, item: h5py.Group | h5py.Dataset, depth: int) -> None:
        key = h5py.h5o.get_info(item.id).addr
        if key in self._seen:
            raise _Bad(f"{item.name!r} is linked twice")
        self._seen.add(key)
        if depth > _MOST_DEPTH or len(self._seen) > _MOST_OBJECTS:
            raise _Bad(f"{item.name!r} is one object too many, or too deep")
        for name in item.attrs:
            attribute = item.attrs.get_id(name)
            text = h5py.check_string_dtype(attribute.dtype)
            if name not in _ATTRIBUTES or text is None or attribute.shape != ():
                raise _Bad(f"{item.name!r} has the attribute {name!r}; expected a name")
            if len(item.attrs[name]) > _MOST_TEXT:
                raise _Bad(f"{item.name!r} has a name of over {_MOST_TEXT} letters")

    def _dataset(self, dataset: h5py.Dataset, depth: int) -> None:
        self._object(dataset, depth)
        settings = dataset.id.get_create_plist()
        if settings.get_external_count():
            raise _Bad(f"{dataset.name!r} is stored outside, in {settings.get_external(0)[0]!r}")
        if dataset.is_virtual:
            raise _Bad(f"{dataset.name!r} is a virtual dataset; expected its own numbers")
        if settings.get_nfilters():
            raise _Bad(f"{dataset.name!r} is packed by a filter; expected plain numbers")
        if settings.get_layout() not in _LAYOUTS:
            raise _Bad(f"{dataset.name!r} is stored in pieces; expected plain numbers")
        kind = dataset.dtype
        if dataset.shape is None or kind.hasobject or not (kind.kind in "fiub" or kind == "V2"):
            raise _Bad(f"{dataset.name!r} holds {kind}; expected numbers")
        count = math.prod(dataset.shape)
        self._bytes += count * kind.itemsize
        if dataset.id.get_storage_size() != count * kind.itemsize or self._bytes > self._size:
            raise _Bad(f"{dataset.name!r} declares {count:,} numbers; the file holds fewer")
        dataset[()]
        if not dataset.name.startswith("/optimizer/"):
            self.weights += count


def _limit(size: int) -> None:
    """Limits memory, time and core dumps, where the system can."""
    try:
        import resource
    except ImportError:  # Windows has no such limits.
        return
    limits = (
        (resource.RLIMIT_AS, 2 * size + (2 << 30)), (resource.RLIMIT_CPU, 120),
        (resource.RLIMIT_CORE, 0),
    )  # fmt: skip
    for kind, most in limits:
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # macOS does not take every limit.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def main(path: str) -> None:
    """Prints as a line of JSON how many weights there are, or why the file is refused."""
    size = os.path.getsize(path)
    _limit(size)
    walk = _Walk(size)
    try:
        with h5py.File(path, "r", driver="sec2", locking=False) as file:
            if file.userblock_size:
                raise _Bad("has a user block; expected none")
            walk.group(file, 0)
        outcome: dict[str, object] = {"weights": walk.weights}
    except _Bad as bad:
        outcome = {"refused": str(bad)}
    # Whatever h5py makes of a damaged file is the file's fault.
    except Exception as error:
        # Its messages name the private copy.
        reason = str(error).replace(path, Path(path).name)[:_MOST_TEXT]
        outcome = {"refused": f"is damaged ({reason or type(error).__name__})"}
    print(json.dumps(outcome))


if __name__ == "__main__":
    main(sys.argv[1])
