"""`kerasae doctor`."""

from __future__ import annotations

import json
from typing import Any

from . import options as o


def doctor(data_dir: o.DataDir = None, as_json: o.AsJson = False) -> None:
    """Print versions, devices, threads, and data sets found."""
    from kerasae.doctor_report import doctor_report

    found = doctor_report(data_dir)
    if as_json:
        print(json.dumps(found))
        return
    from rich.console import Console
    from rich.table import Table

    from kerasae.show.terminal import escape

    table = Table(show_header=False)
    for name, value in found.items():
        rows: dict[str, Any] = value if isinstance(value, dict) else {"": value}
        for number, (part, text) in enumerate(rows.items()):
            table.add_row("" if number else name, part, escape(str(text)))
    Console().print(table)
