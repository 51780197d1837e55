"""Measures training on more images than memory is wanted for: mapped, and in memory.

    python benchmarks/large_images.py --save docs/results/large-images.json

Makes 200,000 colour images of 64x64 as an `.npy` file, 2.5 GB, in `TMPDIR`; then trains
12288-256-30 for an epoch, once from the file as `kerasae fit` does, and once from an array in
memory. Each is a process of its own. Memory is the most anonymous memory (`RssAnon` of Linux)
in each stage, sampled fifty times a second. Takes ten minutes and 5 GB of disk.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from growth import apart
from numpy.lib.format import open_memmap

from kerasae.data.image_data import ImageData
from kerasae.environment import environment
from kerasae.files.whole_files import write_json

_COUNT, _SIDE = 200_000, 64
_BLOCK = 5_000


class Sampler(threading.Thread):
    """Samples the anonymous memory of this process, by stage."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stage = "start"
        self.peaks: dict[str, float] = {}

    def run(self) -> None:
        while True:
            text = Path("/proc/self/status").read_text(encoding="ascii")
            kib = int(re.findall(r"RssAnon:\s+(\d+)", text)[0])
            self.peaks[self.stage] = max(self.peaks.get(self.stage, 0), kib / 1024)
            time.sleep(0.02)

    def doing(self, stage: str) -> None:
        peak = self.peaks.get(self.stage, 0)
        print(f"{time.strftime('%X')} {self.stage}: at most {peak:.0f} MiB anonymous", flush=True)
        self.stage = stage


def make_images(path: Path, count: int) -> None:
    """Writes images of forty random directions and a little noise."""
    random = np.random.default_rng(0)
    images = open_memmap(path, "w+", np.uint8, (count, _SIDE, _SIDE, 3))
    directions = random.normal(size=(40, _SIDE * _SIDE * 3)).astype(np.float32)
    for start in range(0, count, _BLOCK):
        block = images[start : start + _BLOCK]
        codes = random.normal(size=(len(block), 40)).astype(np.float32)
        block[:] = np.clip(128 + 6 * codes @ directions, 0, 255).reshape(block.shape)


def training(path: str, mapped: bool, epochs: int) -> dict[str, Any]:
    """Trains from the file, or from an array that holds the same images."""
    sampler = Sampler()
    sampler.start()
    from kerasae.data.datasets import experiment_data
    from kerasae.experiment import Experiment
    from kerasae.runs.fitting import fit_into

    experiment = Experiment(path, epochs=epochs)
    sampler.doing("loading data")
    data = experiment_data(experiment)
    if not mapped:
        arrays = {name: np.array(getattr(data, name)) for name in ("train", "test")}
        data = ImageData(data.name, arrays["train"], data.train_labels, arrays["test"],
                         data.test_labels)  # fmt: skip
    sampler.doing("fitting PCA")
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run = fit_into(Path(folder) / "run", experiment, data, None, on_stage=sampler.doing)
    sampler.doing("end")
    return {
        "seconds": time.perf_counter() - started,
        "images_per_second": run.metrics["images_per_second"],
        "test_mse": run.metrics["test_mse"],
        "anonymous_mib": sampler.peaks,
        "most_anonymous_mib": max(sampler.peaks.values()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=_COUNT, help="how many")
    parser.add_argument("--epochs", type=int, default=1, help="passes over them")
    parser.add_argument("--file", type=Path, help="an .npy file of images, in place of one made")
    parser.add_argument("--save", type=Path, help="JSON file to write")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or Path(folder) / "images.npy"
        if options.file is None:
            make_images(path, options.images)
        found = {}
        for name, mapped in (("mapped", True), ("in_memory", False)):
            found[name] = apart(training, str(path), mapped, options.epochs)
            print(name, found[name], flush=True)
    if options.save:
        write_json(options.save, {**environment(), "images": options.images, **found})


if __name__ == "__main__":
    main()
