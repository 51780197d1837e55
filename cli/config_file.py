"""Options from a TOML file: a table per command, below what the command line says."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.errors import DataError, InvalidSetting
from kerasae.experiment import Experiment
from kerasae.files.shapes import fields_of

from .settings import flags_of, written

_MOST_BYTES = 1 << 16
# tomllib takes time that grows with the square of the parts of a dotted key.
_MOST_DOTS = 200


def options_of(command: Any) -> dict[str, str]:
    """Returns the names of a command's options on the command line, and in code."""
    return {
        max(option.opts, key=len).removeprefix("--"): option.name
        for option in command.params
        if option.param_type_name == "option" and option.name != "help"
    }


def read_config(path: Path, known: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, Any]]:
    """Reads the options of each command.

    Args:
        path: A TOML file with tables such as `[fit]`, and options such as `latent-dim = 30`.
        known: Each command's options; see `options_of`.

    Returns:
        The options by command, by their names in code.

    Raises:
        DataError: If it is not a TOML file.
        InvalidSetting: If a command or an option is unknown, or a value is a table.
    """
    import tomllib

    from kerasae.files.local_files import Refused, read_local, refusing

    with refusing(path, DataError, "mend the TOML file"):
        text = read_local(path, _MOST_BYTES).decode("utf-8")
        if any(line.count(".") > _MOST_DOTS for line in text.splitlines()):
            raise Refused(
                f"has a line of more than {_MOST_DOTS} dots; expected options of commands"
            )
        tables = tomllib.loads(text)
    chosen: dict[str, dict[str, Any]] = {}
    for command, options in tables.items():
        if command not in known or not isinstance(options, dict):
            raise InvalidSetting(
                str(path), command, "tables of options, one of [" + "], [".join(known) + "]"
            )
        chosen[command] = {}
        for given, value in options.items():
            name = given.replace("_", "-")
            if name not in known[command] or isinstance(value, dict):
                raise InvalidSetting(
                    f"{path} [{command}]", given, "one of " + ", ".join(sorted(known[command]))
                )
            chosen[command][known[command][name]] = value
    return chosen


def run_options(experiment: Experiment) -> dict[str, Any]:
    """Returns the options of `fit` that repeat a run, by their names on the command line.

    Example:

    >>> options = run_options(Experiment(image_size=(48, 64), shortcut=None))
    >>> options["image-size"], options["shortcut"], options["hidden-dims"], options["clip"]
    ('64x48', 'none', '256', False)
    """
    return {
        flags_of(field)[0].partition("/")[0].removeprefix("--"): written(
            field, getattr(experiment, name)
        )
        for name, field in fields_of(Experiment).items()
    }


def toml_text(command: str, options: Mapping[str, Any], dependent: Sequence[str] = ()) -> str:
    """Writes a command's options; those without a value are comments.

    Args:
        command: The command's name.
        options: The values by the options' names.
        dependent: Names of options that follow from others: comments, too.

    Raises:
        InvalidSetting: If a value is the name of a file that is no text.

    Example:

    >>> options = {"latent-dim": 5, "quiet": False, "out": None, "epochs": 10}
    >>> print(toml_text("fit", options, ["epochs"]), end="")
    [fit]
    latent-dim = 5
    quiet = false
    # out =
    # epochs = 10
    """
    import tomli_w

    lines = [f"[{command}]"]
    for name, value in options.items():
        if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise InvalidSetting(name, value, "a name that is text, for TOML holds no other")
        line = f"{name} =" if value is None else tomli_w.dumps({name: value}).rstrip("\n")
        lines.append(f"# {line}" if value is None or name in dependent else line)
    return "\n".join([*lines, ""])
