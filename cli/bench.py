"""`kerasae bench`."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasae.bench import BATCH_SIZE, IMAGES, NETWORKS, ROUNDS
from kerasae.experiment import DATA
from kerasae.show.table import Column, Table

from . import options as o
from .output import print_result, print_tables
from .settings import NONE

if TYPE_CHECKING:
    from kerasae.data.image_data import ImageData

_TableOf = Callable[[str, list[dict[str, Any]]], Table]


def bench(
    images: Annotated[int, typer.Option(min=500, help="Images per epoch.")] = IMAGES,
    rounds: Annotated[
        int, typer.Option(min=1, help="Epochs measured of each way to train.")
    ] = ROUNDS,
    networks: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,…", help=f"Networks to measure: {', '.join(NETWORKS)}; default: all."
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per training step.")] = BATCH_SIZE,
    dataset: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Data set for the time to a given test error; none skips it.",
            rich_help_panel=DATA,
        ),
    ] = "mnist",
    data_dir: o.DataDir = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure training speed and compare it with Keras and PyTorch."""
    from kerasae.bench.benchmark import measure_network
    from kerasae.bench.quality import times_to_quality
    from kerasae.bench.ways import skipped
    from kerasae.data.datasets import load_dataset
    from kerasae.environment import environment
    from kerasae.errors import DataError, InvalidSetting, printable

    from .progress import doing

    names = networks.split(",") if networks else list(NETWORKS)
    if not set(names) <= set(NETWORKS):
        raise InvalidSetting("networks", networks, "some of " + ",".join(NETWORKS))
    settings: dict[str, Any] = {"images": images, "rounds": rounds, "batch_size": batch_size}
    left_out = skipped()
    data: ImageData | None = None
    if dataset != NONE:
        try:
            with doing("reading the data", silent=quiet):
                data = load_dataset(dataset, data_dir)
        except DataError as error:
            left_out["time to a quality"] = str(error)

    def measured(table: _TableOf, measure: Callable[..., Sequence[Any]]) -> list[dict[str, Any]]:
        """Measures network by network, and shows at once what took minutes."""
        found = []
        for name in names:
            with doing("starting", silent=quiet) as say:
                rows = [dataclasses.asdict(row) for row in measure(name, on_way=say)]
            if not as_json:
                print_tables([table(name, rows)])
            found += rows
        return found

    speeds = measured(_speed_table, functools.partial(measure_network, **settings))
    qualities = []
    if data is not None:
        qualities = measured(_quality_table, functools.partial(times_to_quality, data=data))
    found = {"speeds": speeds, "qualities": qualities, "skipped": left_out}
    print_result(as_json, {**settings, **environment(), **found})
    if not as_json:
        for what, reason in left_out.items():
            # It may name untrusted files.
            print(printable(f"{what}: not measured; {reason}"))


def _speed_table(network: str, speeds: list[dict[str, Any]]) -> Table:
    columns = [Column("way"), Column("images/s", ",.0f"), Column("from", ",.0f")]
    columns += [Column("to", ",.0f"), Column("GFLOP/s", ".0f"), Column("of limit", ".0%")]
    columns += [Column("of bf16 limit", ".0%"), Column("to fit", ".2f")]
    keys = ("gflops", "of_limit", "of_bfloat16_limit", "of_plain_fit")
    rows = [
        [
            speed["way"],
            *(speed[key] or None for key in ("images_per_second", "slowest", "fastest")),
            *(speed[key] for key in keys),
        ]
        for speed in speeds
    ]
    title = f"Training speed of {network} (medians; ratios within each round)"
    return Table(title, columns, rows, "GFLOP/s at six operations per weight and image")


def _quality_table(network: str, qualities: list[dict[str, Any]]) -> Table:
    columns = [Column("way"), Column("seconds", ".1f"), Column("epochs", "d")]
    columns += [Column("test MSE", ".5f"), Column("asked for", ".5f")]
    keys = ("way", "seconds", "epochs", "test_mse", "target")
    rows = [[one[key] for key in keys] for one in qualities]
    title = f"Time until {network} has the test error that plain fit ends at"
    return Table(title, columns, rows, "with PCA and compiling; - where it is not reached")
