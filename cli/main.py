"""The `kerasae` command."""

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasae import __version__
from kerasae.errors import InvalidSetting, KerasAEError, KerasAEWarning, LateError, printable
from kerasae.files.interrupts import Interrupted, handling_signals
from kerasae.runtime import OWN_PROCESS

from .config_file import options_of, read_config
from .settings import with_groups
from .streams import flush_output, prepare_streams
from .studies import STUDY_COMMANDS

_DEBUG = "KERASAE_DEBUG"
# Importing what boxes are drawn with takes half as long again as everything else.
app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
# Each is a function of its module's name.
_COMMANDS = (
    "sweep", "fit", "evaluate", "latent", "apply", "encode", "score", "export", "runs", "compare",
    "report", *STUDY_COMMANDS, "reproduce", "verify", "bench", "config", "cache", "doctor",
)  # fmt: skip
for _name in _COMMANDS:
    # A study has no module of its own.
    _command = STUDY_COMMANDS.get(_name) or getattr(import_module(f".{_name}", __package__), _name)
    app.command()(with_groups(_command))


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"kerasae {__version__}")
        raise typer.Exit


@app.callback()
def _about(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
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
        known = {name: options_of(command) for name, command in commands.items()}
        context.default_map = read_config(config_file, known)


def _options_first(words: Sequence[str]) -> list[str]:
    """Moves the options that all commands have before the command.

    Example:

    >>> _options_first(["fit", "--config", "a.toml", "--seed", "1", "--debug"])
    ['--config', 'a.toml', '--debug', 'fit', '--seed', '1']
    """
    first: list[str] = []
    rest: list[str] = []
    if words and words[-1] == "--config":
        raise InvalidSetting("config", "nothing", "a TOML file, as in --config run.toml")
    remaining = iter(words)
    for word in remaining:
        ours = word in ("--config", "--debug") or word.startswith("--config=")
        (first if ours else rest).append(word)
        if word == "--config":
            first.append(next(remaining))
    return first + rest


def main() -> None:
    """Runs the command line; an error is one line and an exit code."""
    prepare_streams()
    os.environ.update(OWN_PROCESS)
    warnings.showwarning = _show_warning  # type: ignore[assignment]
    try:
        with handling_signals():
            app(_options_first(sys.argv[1:]))
    except KerasAEError as error:
        _print(error)
        sys.exit(1 if isinstance(error, LateError) else 2)
    except Interrupted as interrupted:
        _print(interrupted)
        sys.exit(128 + interrupted.number)
    # Whatever a library raises is a bug of ours, or a machine without memory or disk.
    except Exception as error:
        line = printable(" ".join(str(error).split())[:500])
        _print(error, f"{type(error).__name__}: {line} (--debug shows more)")
        sys.exit(1)
    finally:
        flush_output()


def _print(error: BaseException, line: str | None = None) -> None:
    if os.environ.get(_DEBUG):
        traceback.print_exception(error)
    notes = getattr(error, "__notes__", [])
    print("kerasae:", "; ".join([line or str(error), *notes]), file=sys.stderr)


_python_shows_warning = warnings.showwarning


def _show_warning(message: Warning | str, category: type[Warning], *rest: Any) -> None:
    if issubclass(category, KerasAEWarning):
        print(f"kerasae: warning: {printable(str(message))}", file=sys.stderr)
    else:
        _python_shows_warning(message, category, *rest)


if __name__ == "__main__":
    main()
