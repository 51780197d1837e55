"""Puts randomly damaged HDF5 files through the process that reads weights; see README.md."""

from __future__ import annotations

import collections
import random
import sys
import tempfile
from pathlib import Path

from kerasae.files.local_files import Refused
from kerasae.safety.weights_file import count_weights

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from model_parts import weights


def _damaged(seed: int) -> bytes:
    """Bytes changed mostly where the structure is, or blocks of eight overwritten."""
    numbers = random.Random(seed)
    content = bytearray(weights())
    for _ in range(numbers.choice((1, 1, 2, 4, 16))):
        place = numbers.randrange(len(content) - 8)
        kind = numbers.randrange(3)
        if kind == 0:
            content[place] ^= 1 << numbers.randrange(8)
        elif kind == 1:
            content[place] = numbers.choice((0, 1, 0x7F, 0x80, 0xFF))
        else:
            place -= place % 8
            value = numbers.choice((0, 1, len(content), place, 2**31, 2**63, 2**64 - 1))
            content[place : place + 8] = value.to_bytes(8, "little")
    return bytes(content)


def main() -> None:
    outcomes: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.weights.h5"
        for seed in range(int(sys.argv[1])):
            path.write_bytes(_damaged(seed))
            try:
                count_weights(path)
                outcomes["let through"] += 1
            except Refused as refused:
                line = str(refused)
                crash = "gave up" in line or "spent" in line
                outcomes["crashed, refused" if crash else "refused"] += 1
                if crash:
                    print(f"seed {seed}: {line}", flush=True)
            if seed % 50 == 49:
                print(dict(outcomes), flush=True)


if __name__ == "__main__":
    main()
