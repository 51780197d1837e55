"""The `kerasae` command."""

from __future__ import annotations

import sys

import typer

from kerasae.errors import KerasAEError, TrainingDiverged

from .apply import apply
from .bench import bench
from .compare import compare
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
from .runs import runs
from .score import score
from .streams import flush_output, prepare_streams
from .sweep import sweep

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
_COMMANDS = (
    sweep, fit, evaluate, latent, apply, encode, score, export, runs, compare,
    learning_rate, overfit, regularize, denoise, reproduce, bench,
)  # fmt: skip
for _command in _COMMANDS:
    app.command()(_command)


@app.callback()
def _about() -> None:
    """Dense autoencoders on images: sweep, train, compare, save, use."""


def main() -> None:
    """Runs the command line; an error of kerasae's own is one line and an exit code."""
    prepare_streams()
    try:
        app()
    except KerasAEError as error:
        print(f"kerasae: {error}", file=sys.stderr)
        sys.exit(1 if isinstance(error, TrainingDiverged) else 2)
    except KeyboardInterrupt:
        print("kerasae: interrupted", file=sys.stderr)
        sys.exit(130)
    finally:
        flush_output()


if __name__ == "__main__":
    main()
