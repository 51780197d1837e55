"""How much memory there is, how much training takes, and refusing what takes more."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from kerasae.errors import InvalidSetting, MemoryExceeded
from kerasae.experiment import Experiment

MEMORY_LIMIT = "KERASAE_MEMORY_LIMIT"
FLOAT = 4
# Values that an optimizer keeps for each weight.
SLOTS = {"adam": 2, "nadam": 2, "rmsprop": 1, "sgd": 0, "muon": 2}
# Images that a model is scored on at once.
_SCORED = 500
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) *([kmgt]?)(?:i?b)?", re.ASCII | re.IGNORECASE)


def check_memory(what: str, needed: float, advice: str) -> None:
    """Refuses what would take more memory than there is, before any of it is taken.

    Args:
        what: What takes it, as the subject of a sentence.
        needed: Bytes, beside what the process has.
        advice: What takes less.

    Raises:
        MemoryExceeded: If less is free; of a system that does not tell, nothing is refused.

    Example:

    >>> check_memory("a model of 1,000,000,000,000,000 weights", 4e15, "choose a smaller one")
    Traceback (most recent call last):
        ...
    kerasae.errors.MemoryExceeded: a model of 1,000,000,000,000,000 weights takes about \
3,725,290 GiB of memory, ...
    """
    free = free_memory()
    if free is not None and needed > free:
        raise MemoryExceeded(
            f"{what} takes about {_shown(needed)} of memory, {_shown(free)} are free; {advice}, or "
            f"set {MEMORY_LIMIT} if you know better"
        )


def free_memory() -> int | None:
    """Returns how many bytes this process may still take.

    That is what `KERASAE_MEMORY_LIMIT`, such as `8G`, leaves beside what the process has; without
    it the least of what the system and the control groups of this process have free. `None` where
    the system does not tell.

    Raises:
        InvalidSetting: If the limit is no size.
    """
    if text := os.environ.get(MEMORY_LIMIT):
        match = _SIZE.fullmatch(text.strip())
        if match is None:
            raise InvalidSetting(MEMORY_LIMIT, text, "bytes, or a size such as 800M or 8G")
        limit = float(match[1]) * _UNITS[match[2].lower()]
        return max(0, int(limit) - anonymous_bytes())
    free = [*_kib(Path("/proc/meminfo"), "MemAvailable"), *cgroup_free(Path("/"))]
    return max(0, min(free)) if free else None


def anonymous_bytes() -> int:
    """Memory of this process that belongs to no file; 0 where Linux' /proc is missing."""
    return sum(_kib(Path("/proc/self/status"), "RssAnon"))


def cgroup_free(root: Path) -> list[int]:
    """Returns what each control group of this process, of version 1 or 2, may still take.

    Args:
        root: The root of the file system.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    free: list[int] = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers == "":
            tree, most, used = "sys/fs/cgroup", "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            tree, most = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
            used = "memory.usage_in_bytes"
        else:
            continue
        # Inside a container the group is at the root, whatever its path outside.
        for part in ("/", *_with_parents(group)):
            place = root / tree / part.lstrip("/")
            free += _group_free(place / most, place / used, place / "memory.stat")
    return free


def _with_parents(group: str) -> Iterator[str]:
    path = PurePosixPath(group)
    return (str(one) for one in (path, *path.parents) if str(one) != "/")


def _group_free(most: Path, used: Path, stat: Path) -> Iterator[int]:
    try:
        limit = int(most.read_text(encoding="ascii"))
        usage = int(used.read_text(encoding="ascii"))
        counts = dict(line.split() for line in stat.read_text(encoding="ascii").splitlines())
    # There is no such group here, or it has the limit `max`.
    except (OSError, ValueError):
        return
    # Pages of files can be dropped.
    files = (counts.get(f"total_{kind}_file", counts.get(f"{kind}_file", 0))
             for kind in ("active", "inactive"))  # fmt: skip
    yield limit - usage + sum(map(int, files))


def _kib(path: Path, name: str) -> Iterator[int]:
    try:
        found = re.search(rf"^{name}:\s*(\d+) kB$", path.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return
    if found:
        yield int(found[1]) << 10


def _shown(size: float) -> str:
    unit, name = (1 << 30, "GiB") if size >= 1 << 30 else (1 << 20, "MiB")
    return f"{size / unit:,.{1 if size < 100 * unit else 0}f} {name}"


def weights_of(experiment: Experiment, pixels: int) -> int:
    """Returns the number of a network's weights, those that are not trained included.

    Whether a start at PCA subtracts a mean image shows when PCA is fitted; it is counted here.

    Args:
        experiment: The settings.
        pixels: Numbers in one image.

    Example:

    >>> weights_of(Experiment(shortcut=None), 784)
    418094
    """
    return network_weights(
        experiment.hidden_dims, experiment.latent_dim, experiment.shortcut, pixels
    )


def network_weights(
    hidden_dims: Sequence[int], code: int, shortcut: str | None, pixels: int
) -> int:
    """Returns what `weights_of` does, of the settings that it follows from."""
    widths = (pixels, *hidden_dims, code)
    count = sum(2 * a * b + a + b for a, b in itertools.pairwise(widths))
    if shortcut is not None:
        count += 2 * pixels * code + pixels + code
    # The mean image, and a variance that is not used.
    return count + 2 * pixels * (shortcut == "pca")


def weights_bytes(weights: int, optimizer: str) -> int:
    """Returns the bytes that so many weights take while they are trained.

    Each is there with its gradient, its best value so far and what the optimizer keeps; in the
    checkpoint that is being written again, without the gradient.
    """
    return FLOAT * (3 + SLOTS[optimizer] + 2 + SLOTS[optimizer]) * weights


def training_bytes(experiment: Experiment, pixels: int) -> int:
    """Returns the bytes that a training takes beside TensorFlow, the images and PCA.

    Args:
        experiment: The settings, resolved.
        pixels: Numbers in one image.
    """
    code = experiment.latent_dim
    units = 2 * (pixels + sum(experiment.hidden_dims)) + code
    # In a step each unit has a value before and after its activation, and a gradient.
    rows = max(3 * experiment.pace.batch_size, _SCORED)
    start = 5 * pixels * code if experiment.shortcut == "pca" else 0
    weights = weights_bytes(weights_of(experiment, pixels), experiment.optimizer)
    return weights + FLOAT * (rows * units + start)


def check_training(experiment: Experiment, pixels: int, beside: int = 0) -> None:
    """Refuses a network that cannot be trained in the memory there is.

    Args:
        experiment: The settings, resolved.
        pixels: Numbers in one image.
        beside: Bytes that are needed beside it, of PCA.

    Raises:
        MemoryExceeded: If it cannot.
    """
    widths = ",".join(map(str, experiment.hidden_dims))
    weights = weights_of(experiment, pixels)
    check_memory(
        f"training a network of {weights:,} weights (hidden_dims {widths or 'none'}, latent_dim "
        f"{experiment.latent_dim})",
        training_bytes(experiment, pixels) + beside,
        "choose a smaller --hidden-dims, --latent-dim, --batch-size or --image-size",
    )
