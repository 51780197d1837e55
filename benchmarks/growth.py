"""Measures how time and memory grow with images, width, depth and the number of trials.

    python benchmarks/growth.py --save docs/results/growth.json
    python benchmarks/growth.py --draw docs/results/growth.json

Each point is a process of its own with one thread: 784-256-30 on 15,000 to 240,000 random images
(one epoch), networks of 64 to 2,048 units and of 1 to 16 layers on 15,000, and sweeps of 8, 80 and
800 networks of 8 units on 500 images with a worker per core. A training's seconds are those of its
epoch without compilation; a sweep's are all of it. Memory is the peak of the process that trains,
and of a sweep's driver. `--draw` makes the figure beside the file. Takes a quarter of an hour, most
of it for the 800 trials; `--trials 8,80` leaves them out.
`--finished 10,10000` measures instead the commands over a sweep of so many finished trials, whose
files are made up by the library's writers: `runs`, `sweep --resume`, its page, and `compare` of
200; they are added to the file that is saved.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasae.data.image_data import ImageData
from kerasae.environment import environment
from kerasae.experiment import Experiment
from kerasae.files.whole_files import save_with, write_csv, write_json
from kerasae.show.figure_style import COLOURS, MARKERS, new_figure, quiet

Point = dict[str, float]
IMAGES = (15_000, 30_000, 60_000, 120_000, 240_000)
WIDTHS = (64, 128, 256, 512, 1024, 2048)
DEPTHS = (1, 2, 4, 8, 16)
_FEW = IMAGES[0]
_TITLES = {
    "images": "training images",
    "width": "units of one hidden layer",
    "depth": "hidden layers of 256 each side",
    "trials": "trials of a sweep",
}


def random_images(count: int) -> ImageData:
    """Makes images of noise, `(count, 28, 28)`, and 500 more to test on."""
    pixels = np.random.default_rng(0).integers(0, 256, (count + 500, 28, 28), np.uint8)
    labels = np.zeros(len(pixels), np.uint8)
    return ImageData("mnist5k", pixels[:count], labels[:count], pixels[count:], labels[count:])


def training(count: int, hidden_dims: tuple[int, ...]) -> Point:
    """Trains one network for an epoch."""
    from kerasae.runtime import start_tensorflow

    start_tensorflow(1, lean=True)
    from kerasae.runs.fitting import fit_run

    experiment = Experiment("mnist5k", hidden_dims, 30, epochs=1, shortcut=None)
    run = fit_run(experiment, random_images(count))
    return {"seconds": run.metrics["train_seconds"], "peak_mib": _peak()}


def sweeping(trials: int) -> Point:
    """Runs a sweep of so many tiny trials, which differ in their seed."""
    from kerasae.trials.grid import Sweep
    from kerasae.trials.sweeps import run_sweep

    base = Experiment("mnist5k", epochs=1, shortcut=None)
    sweep = Sweep(base, ((8,),), (2,), seeds=trials)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run_sweep(sweep, random_images(500), Path(folder) / "sweep")
    return {"seconds": time.perf_counter() - started, "peak_mib": _peak()}


def made_up_sweep(folder: Path, trials: int) -> None:
    """Leaves a sweep of finished trials, of which the best has its model."""
    from kerasae.data.datasets import load_dataset
    from kerasae.runs import run_files
    from kerasae.runs.fitting import fit_run
    from kerasae.runs.record import RunRecord
    from kerasae.trials.grid import Sweep
    from kerasae.trials.jobs import Finished, Job
    from kerasae.trials.ledger import Ledger
    from kerasae.trials.sweeps import BegunSweep

    data = load_dataset("mnist5k")
    sweep = Sweep(
        Experiment("mnist5k", epochs=1), ((8,), (16,)), (2, 3, 4, 5, 6), seeds=trials // 10
    ).resolved(data)
    grid, md5 = sweep.trials(), data.checksums()
    run = fit_run(grid[0].experiment, data)
    write_json(
        folder / run_files.SWEEP,
        {**BegunSweep(sweep, halving=False).to_dict(), **RunRecord.of(data).to_dict()},
    )
    jobs = (Job(t.name, t.experiment, folder / run_files.TRIALS / t.name, md5) for t in grid)
    with Ledger(folder) as ledger:
        for number, job in enumerate(ledger.beginning(jobs)):
            score = run.metrics["val_mse"] * (1 + number / trials)
            metrics = {**run.metrics, "val_mse": score, "test_mse": score}
            if number == 0:
                run.write(job.folder)
            write_json(job.folder / run_files.EXPERIMENT, job.experiment.to_dict())
            write_csv(job.folder / run_files.HISTORY, list(run.history[0]), run.history)
            write_json(job.folder / run_files.METRICS, metrics)
            ledger.record(Finished(job.name, metrics))


def commands_over(folder: Path) -> Point:
    """Times the commands over a sweep of finished trials."""
    trials = sorted((folder / "trials").iterdir())[:200]
    commands = {
        "runs": ["runs", str(folder)],
        "compare": ["compare", *map(str, trials)],
        "resume": ["sweep", "--resume", str(folder), "--quiet"],
    }
    point: Point = {}
    for name, words in commands.items():
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "kerasae_cli.main", *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        point[f"{name}_seconds"] = time.perf_counter() - began
        point[f"{name}_cpu_seconds"] = (
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        )
        print(f"{name} {point}", flush=True)
    point["page_bytes"] = (folder / "report.html").stat().st_size
    return point


def measure_finished(sizes: Sequence[int], keep: Path | None) -> list[Point]:
    """Measures the commands over sweeps of so many finished trials."""
    points = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as temporary:
            folder = (keep or Path(temporary)) / f"sweep-{size}"
            if not folder.exists():
                made_up_sweep(folder, size)
            points.append({"size": size, **commands_over(folder)})
    return points


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _answer(connection: Any, measured: Callable[..., Point], words: tuple[Any, ...]) -> None:
    connection.send(measured(*words))


def apart(measured: Callable[..., Point], *words: Any) -> Point:
    """Measures in a process of its own, whose peak memory is that of this point alone."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_answer, args=(theirs, measured, words))
    process.start()
    theirs.close()
    point: Point = ours.recv()
    process.join()
    return point


def measure(trials: Sequence[int]) -> dict[str, list[Point]]:
    """Measures every point, and prints each as it is there."""
    points: dict[str, list[Point]] = {name: [] for name in _TITLES}

    def add(name: str, size: int, point: Point) -> None:
        points[name].append({"size": size, **point})
        print(f"{name} {size:,}: {point['seconds']:.2f} s, {point['peak_mib']:.0f} MiB", flush=True)

    for count in IMAGES:
        add("images", count, apart(training, count, (256,)))
    for width in WIDTHS:
        add("width", width, apart(training, _FEW, (width,)))
    for depth in DEPTHS:
        add("depth", depth, apart(training, _FEW, (256,) * depth))
    for count in trials:
        add("trials", count, apart(sweeping, count))
    return points


def draw(path: Path) -> None:
    """Draws a saved measurement, time on the left axes and memory on the right ones."""
    points: dict[str, list[Point]] = json.loads(path.read_text(encoding="utf-8"))["points"]
    figure = new_figure(10, 5)
    grid = figure.subplots(2, len(_TITLES), sharey="row")
    for column, (name, title) in enumerate(_TITLES.items()):
        sizes = [point["size"] for point in points[name]]
        for row, (key, label) in enumerate((("seconds", "seconds"), ("peak_mib", "peak MiB"))):
            axes = grid[row, column]
            values = [point[key] for point in points[name]]
            axes.plot(sizes, values, color=COLOURS[row], marker=MARKERS[row], clip_on=False)
            axes.set_xscale("log", base=2)
            axes.set_xticks(
                sizes,
                [f"{size:,}" for size in sizes],
                rotation=45,
                ha="right",
                rotation_mode="anchor",
            )
            axes.minorticks_off()
            quiet(axes)
            if column == 0:
                axes.set_ylabel(label)
            if row == 0:
                # A straight line through the last point: what linear growth would be.
                line = [values[-1] * size / sizes[-1] for size in sizes]
                axes.plot(sizes, line, color="0.6", linestyle=":", label="linear")
                axes.set_yscale("log")
                axes.set_title(title, fontsize="medium")
            else:
                axes.set_ylim(bottom=0)
            axes.margins(y=0.1)
    grid[0, 0].legend(frameon=False)
    save_with(path.with_suffix(".png"), figure.savefig)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", default="8,80,800", help="sizes of the sweeps")
    parser.add_argument("--save", type=Path, help="JSON file to write")
    parser.add_argument("--draw", type=Path, help="JSON file to draw, instead of measuring")
    parser.add_argument("--finished", help="sizes of sweeps of finished trials")
    parser.add_argument("--keep", type=Path, help="folder that those are made in and stay in")
    options = parser.parse_args()
    if options.finished:
        finished = measure_finished([int(one) for one in options.finished.split(",")], options.keep)
        if options.save:
            content = json.loads(options.save.read_text(encoding="utf-8"))
            content["finished"] = finished
            write_json(options.save, content)
        return
    if options.draw:
        draw(options.draw)
        return
    points = measure([int(count) for count in options.trials.split(",")])
    if options.save:
        write_json(options.save, {**environment(), "points": points})


if __name__ == "__main__":
    main()
