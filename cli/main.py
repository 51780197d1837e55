"""The `kerasae` command."""

import gc
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
from kerasae.files.private_tmpdir import private_tmpdir
from kerasae.runtime import OWN_PROCESS

from .config_file import options_of, read_config
from .sections import SectionedCommand, SectionedGroup
from .settings import with_groups
from .streams import flush_output, prepare_streams
from .studies import STUDY_COMMANDS

_DEBUG = "KERASAE_DEBUG"
_COLLECT_AFTER = 500_000  # new objects
app = typer.Typer(
    cls=SectionedGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="kerasae COMMAND --help shows a command's options. Start with: kerasae fit "
    "--dataset mnist5k",
)
# Each is a function of its module's name.
_COMMANDS = {
    "Train": ("fit", "sweep"),
    "Study": (*STUDY_COMMANDS, "reproduce"),
    "Use a model": ("apply", "encode", "score", "export"),
    "Look at results": ("evaluate", "latent", "runs", "compare", "report", "verify"),
    "Tools": ("bench", "config", "cache", "doctor"),
}
for _section, _names in _COMMANDS.items():
    for _name in _names:
        # A study has no module of its own.
        _command = STUDY_COMMANDS.get(_name)
        _command = _command or getattr(import_module(f".{_name}", __package__), _name)
        app.command(cls=SectionedCommand, rich_help_panel=_section)(with_groups(_command))


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
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
    config_file: Annotated[
        Path | None,
        typer.Option(
            "--config", help="TOML file with options, such as [fit] epochs = 5; see kerasae config."
        ),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Dense autoencoders on images: train, sweep, compare, denoise, find anomalies, export."""
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
    # Most of what a command makes stays until it ends; looking for garbage among it takes a tenth
    # of the time over thousands of runs.
    gc.set_threshold(_COLLECT_AFTER)
    os.environ.update(OWN_PROCESS)
    warnings.showwarning = _show_warning  # type: ignore[assignment]
    try:
        with handling_signals(), private_tmpdir():
            app(_options_first(sys.argv[1:]))
    except InvalidSetting as error:
        _print(error, _as_typed(error))
        sys.exit(2)
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


def _as_typed(error: InvalidSetting) -> str:
    """Names a setting as its option is typed, in the command that refused it."""
    commands = getattr(typer.main.get_command(app), "commands", {})
    command = next((commands[word] for word in sys.argv[1:] if word in commands), None)
    flags = {one.name: one.opts[0] for one in command.params} if command else {}
    names = (error.setting, f"{error.setting}s", f"{error.setting}_name")
    flag = next((flags[name] for name in names if name in flags), "")
    line = str(error)
    return flag + line.removeprefix(error.setting) if flag.startswith("--") else line


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
