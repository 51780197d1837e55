"""`kerasae cache`."""

from typing import Annotated

import typer

from kerasae.show.counts import size
from kerasae.show.table import Column, Table

from . import options as o
from .output import print_result


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove everything in it.")] = False,
    as_json: o.AsJson = False,
) -> None:
    """Show or clear the cache of decoded pictures."""
    from kerasae.data import decoded_cache

    folder = decoded_cache.cache_folder()
    if clear:
        freed = decoded_cache.clear()
        saved = f"Removed {size(freed)} from {folder}"
        print_result(as_json, {"folder": str(folder), "freed_bytes": freed}, saved=saved)
        return
    kept = decoded_cache.kept_sets()
    rows = [
        [one.path.name, f"{one.pictures:,}" if one.pictures else "–", size(one.size)]
        for one in kept
    ]
    columns = [Column("file"), Column("pictures"), Column("size")]
    total = sum(one.size for one in kept)
    table = Table(f"Decoded pictures in {folder}", columns, rows, f"{size(total)} in all")
    found = [{"file": one.path.name, "pictures": one.pictures, "bytes": one.size} for one in kept]
    print_result(as_json, {"folder": str(folder), "sets": found}, [table])
