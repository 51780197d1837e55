"""`kerasae bench`."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from kerasae.bench import IMAGES, ROUNDS
from kerasae.experiment import Experiment

from . import options as o

if TYPE_CHECKING:
    from rich.table import Table

    from kerasae.bench.benchmark import Speed


def bench(
    images: Annotated[int, typer.Option(min=500, help="Images in an epoch.")] = IMAGES,
    rounds: Annotated[int, typer.Option(min=1, help="Epochs of each way, in turns.")] = ROUNDS,
    networks: Annotated[
        str | None, typer.Option(help="Such as 784-256-100; default: all three.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per step.")] = (
        Experiment.batch_size
    ),
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure speed beside plain fit and the machine's limit."""
    from rich.console import Console

    from kerasae.bench.benchmark import NETWORKS, measure_network
    from kerasae.environment import environment
    from kerasae.errors import InvalidSetting

    names = networks.split(",") if networks else list(NETWORKS)
    if not set(names) <= set(NETWORKS):
        raise InvalidSetting("networks", networks, "some of " + ",".join(NETWORKS))
    progress = Console(stderr=True, quiet=quiet)
    speeds: list[Speed] = []
    with progress.status("starting") as status:
        for name in names:
            speeds += measure_network(
                name, images=images, rounds=rounds, batch_size=batch_size, on_way=status.update
            )
    if as_json:
        settings = {"images": images, "rounds": rounds, "batch_size": batch_size}
        rows = [dataclasses.asdict(speed) for speed in speeds]
        json.dump({**settings, **environment(), "speeds": rows}, sys.stdout)
        print()
    else:
        Console().print(_table(speeds))


def _table(speeds: list[Speed]) -> Table:
    from rich.table import Table

    table = Table(title="Training speed (medians; ratios within each round)")
    table.add_column("network and way")
    for heading in ("images/s", "GFLOP/s", "of limit", "to fit"):
        table.add_column(heading, justify="right")
    for speed in speeds:
        table.add_row(
            f"{speed.network}: {speed.way}",
            f"{speed.images_per_second:,.0f}" if speed.images_per_second else "",
            f"{speed.gflops:.0f}",
            f"{speed.of_limit:.0%}",
            f"{speed.of_plain_fit:.2f}",
        )
    table.caption = "GFLOP/s at six operations per weight and image"
    return table
