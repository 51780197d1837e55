"""The `kerasae` command."""

from __future__ import annotations

import os
import sys

import typer

from kerasae.errors import KerasAEError, TrainingDiverged

from .bench import bench
from .sweep import sweep

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.command()(sweep)
app.command()(bench)


@app.callback()
def _about() -> None:
    """Dense autoencoders on images: sweep, train, compare, save, use."""


def main() -> None:
    """Runs the command line; an error of kerasae's own is one line and an exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        app()
    except KerasAEError as error:
        print(f"kerasae: {error}", file=sys.stderr)
        sys.exit(1 if isinstance(error, TrainingDiverged) else 2)
    except KeyboardInterrupt:
        print("kerasae: interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
