"""`kerasae bench`."""

import dataclasses
from typing import Annotated, Any

import typer

from kerasae.bench import BATCH_SIZE, IMAGES, NETWORKS, ROUNDS
from kerasae.show.table import Column, Table

from . import options as o
from .output import print_result


def bench(
    images: Annotated[int, typer.Option(min=500, help="Images per epoch.")] = IMAGES,
    rounds: Annotated[
        int, typer.Option(min=1, help="Epochs measured of each way, in turns.")
    ] = ROUNDS,
    networks: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,…", help=f"Networks to measure: {', '.join(NETWORKS)}; default: all."
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per training step.")] = BATCH_SIZE,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure training speed, beside plain Keras and PyTorch."""
    from kerasae.bench.benchmark import measure_network
    from kerasae.environment import environment
    from kerasae.errors import InvalidSetting

    from .progress import doing

    names = networks.split(",") if networks else list(NETWORKS)
    if not set(names) <= set(NETWORKS):
        raise InvalidSetting("networks", networks, "some of " + ",".join(NETWORKS))
    settings = {"images": images, "rounds": rounds, "batch_size": batch_size}
    speeds: list[dict[str, Any]] = []
    with doing("starting", silent=quiet) as say:
        for name in names:
            measured = measure_network(name, **settings, on_way=say)
            speeds += map(dataclasses.asdict, measured)
    print_result(as_json, {**settings, **environment(), "speeds": speeds}, [_table(speeds)])


def _table(speeds: list[dict[str, Any]]) -> Table:
    columns = [Column("network and way"), Column("images/s", ",.0f"), Column("GFLOP/s", ".0f")]
    columns += [Column("of limit", ".0%"), Column("to fit", ".2f")]
    rows = []
    for speed in speeds:
        name, rate = f"{speed['network']}: {speed['way']}", speed["images_per_second"] or None
        rows.append([name, rate, *(speed[key] for key in ("gflops", "of_limit", "of_plain_fit"))])
    title = "Training speed (medians; ratios within each round)"
    return Table(title, columns, rows, "GFLOP/s at six operations per weight and image")
