"""The `kerasae` command."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import typer

from kerasae.errors import (
    ClusterLost,
    DiskFull,
    KerasAEError,
    KerasAEWarning,
    TrainingDiverged,
)
from kerasae.interrupts import Interrupted, handling_signals

from .apply import apply
from .bench import bench
from .denoise import denoise
from .encode import encode
from .evaluate import evaluate
from .export import export
from .fit import fit
from .latent import latent
from .learning_rate import learning_rate
from .overfit import overfit
from .regularize import regularize
from .reproduce import reproduce
from .score import score
from .streams import flush_output, prepare_streams
from .sweep import sweep

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
_COMMANDS = (
    sweep, fit, evaluate, latent, apply, encode, score, export, learning_rate,
    overfit, regularize, denoise, reproduce, bench,
)  # fmt: skip
for _command in _COMMANDS:
    app.command()(_command)


@app.callback()
def _about() -> None:
    """Dense autoencoders on images: sweep, train, compare, save, use."""


def main() -> None:
    """Runs the command line; an error of kerasae's own is one line and an exit code."""
    prepare_streams()
    warnings.showwarning = _show_warning  # type: ignore[assignment]
    try:
        with handling_signals():
            app()
    except KerasAEError as error:
        _print(error)
        # What went wrong after the input was accepted.
        sys.exit(1 if isinstance(error, TrainingDiverged | DiskFull | ClusterLost) else 2)
    except Interrupted as interrupted:
        _print(interrupted)
        sys.exit(128 + interrupted.number)
    finally:
        flush_output()


def _print(error: BaseException) -> None:
    print("kerasae:", "; ".join([str(error), *getattr(error, "__notes__", [])]), file=sys.stderr)


_python_shows_warning = warnings.showwarning


def _show_warning(message: Warning | str, category: type[Warning], *rest: Any) -> None:
    if issubclass(category, KerasAEWarning):
        print(f"kerasae: warning: {message}", file=sys.stderr)
    else:
        _python_shows_warning(message, category, *rest)


if __name__ == "__main__":
    main()
