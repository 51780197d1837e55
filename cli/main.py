"""The `kerasae` command."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from kerasae.errors import KerasAEError, TrainingDiverged

from .apply import apply
from .bench import bench
from .compare import compare
from .config import config
from .config_file import read_config
from .denoise import denoise
from .doctor import doctor
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

_DEBUG = "KERASAE_DEBUG"
app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
_COMMANDS = (
    sweep, fit, evaluate, latent, apply, encode, score, export, runs, compare,
    learning_rate, overfit, regularize, denoise, reproduce, bench,
    config, doctor,
)  # fmt: skip
for _command in _COMMANDS:
    app.command()(_command)


@app.callback()
def _about(
    context: typer.Context,
    config_file: Annotated[
        Path | None,
        typer.Option("--config", help="TOML file with options, such as [fit] epochs = 5."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Dense autoencoders on images: sweep, train, compare, save, use."""
    if debug:
        os.environ[_DEBUG] = "1"
    if config_file is not None:
        commands = getattr(context.command, "commands", {})
        known = {
            name: {option.name for option in command.params} for name, command in commands.items()
        }
        context.default_map = read_config(config_file, known)


def main() -> None:
    """Runs the command line; an error is one line and an exit code."""
    prepare_streams()
    try:
        app()
    except KerasAEError as error:
        _show(error, str(error))
        sys.exit(1 if isinstance(error, TrainingDiverged) else 2)
    except KeyboardInterrupt:
        print("kerasae: interrupted", file=sys.stderr)
        sys.exit(130)
    # Whatever a library raises is a bug of ours, or a machine without memory or disk.
    except Exception as error:
        line = " ".join(str(error).split())[:500]
        _show(error, f"{type(error).__name__}: {line} (--debug before the command shows more)")
        sys.exit(1)
    finally:
        flush_output()


def _show(error: Exception, line: str) -> None:
    if os.environ.get(_DEBUG):
        traceback.print_exception(error)
    print(f"kerasae: {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
