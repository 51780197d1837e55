"""`kerasae bench`."""

import dataclasses
from typing import Annotated, Any

import typer

from kerasae.bench import BATCH_SIZE, IMAGES, NETWORKS, ROUNDS
from kerasae.experiment import DATA
from kerasae.show.table import Column, Table

from . import options as o
from .output import print_result
from .settings import NONE


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
    from kerasae.errors import DataError, InvalidSetting

    from .progress import doing

    names = networks.split(",") if networks else list(NETWORKS)
    if not set(names) <= set(NETWORKS):
        raise InvalidSetting("networks", networks, "some of " + ",".join(NETWORKS))
    settings = {"images": images, "rounds": rounds, "batch_size": batch_size}
    speeds: list[dict[str, Any]] = []
    qualities: list[dict[str, Any]] = []
    left_out = skipped()
    with doing("starting", silent=quiet) as say:
        for name in names:
            measured = measure_network(name, **settings, on_way=say)
            speeds += map(dataclasses.asdict, measured)
        if dataset != NONE:
            try:
                data = load_dataset(dataset, data_dir)
            except DataError as error:
                left_out["time to a quality"] = str(error)
            else:
                for name in names:
                    qualities += map(dataclasses.asdict, times_to_quality(name, data, on_way=say))
    found = {"speeds": speeds, "qualities": qualities, "skipped": left_out}
    tables = [_table(speeds), *([_quality_table(qualities)] if qualities else [])]
    lines = [f"{what}: not measured; {reason}" for what, reason in left_out.items()]
    everything = {**settings, **environment(), **found}
    print_result(as_json, everything, tables, "\n".join(lines) or None)


def _table(speeds: list[dict[str, Any]]) -> Table:
    columns = [Column("network and way"), Column("images/s", ",.0f"), Column("from", ",.0f")]
    columns += [Column("to", ",.0f"), Column("GFLOP/s", ".0f"), Column("of limit", ".0%")]
    columns += [Column("of bf16 limit", ".0%"), Column("to fit", ".2f")]
    keys = ("gflops", "of_limit", "of_bfloat16_limit", "of_plain_fit")
    rows = [
        [
            f"{speed['network']}: {speed['way']}",
            *(speed[key] or None for key in ("images_per_second", "slowest", "fastest")),
            *(speed[key] for key in keys),
        ]
        for speed in speeds
    ]
    title = "Training speed (medians; ratios within each round)"
    return Table(title, columns, rows, "GFLOP/s at six operations per weight and image")


def _quality_table(qualities: list[dict[str, Any]]) -> Table:
    columns = [Column("network and way"), Column("seconds", ".1f"), Column("epochs", "d")]
    columns += [Column("test MSE", ".5f"), Column("asked for", ".5f")]
    rows = [
        [f"{one['network']}: {one['way']}"]
        + [one[key] for key in ("seconds", "epochs", "test_mse", "target")]
        for one in qualities
    ]
    title = "Time to the test error that plain fit ends at"
    return Table(title, columns, rows, "with PCA and compiling; - where it is not reached")
