"""Options from a TOML file: a table per command, below what the command line says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.errors import DataError, InvalidSetting
from kerasae.experiment import Experiment

from .options import NONE

_MOST_BYTES = 1 << 20


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

    from kerasae.files.local_files import read_local, refusing

    with refusing(path, DataError, "mend the TOML file"):
        tables = tomllib.loads(read_local(path, _MOST_BYTES).decode("utf-8"))
    found: dict[str, dict[str, Any]] = {}
    for command, options in tables.items():
        if command not in known or not isinstance(options, dict):
            raise InvalidSetting(
                str(path), command, "tables of options, one of [" + "], [".join(known) + "]"
            )
        found[command] = {}
        for given, value in options.items():
            name = given.replace("_", "-")
            if name not in known[command] or isinstance(value, dict):
                raise InvalidSetting(
                    f"{path} [{command}]", given, "one of " + ", ".join(sorted(known[command]))
                )
            found[command][known[command][name]] = value
    return found


def run_options(experiment: Experiment) -> tuple[str, dict[str, Any]]:
    """Returns the command and its options that repeat a run.

    Example:

    >>> command, options = run_options(Experiment(image_size=(48, 64), shortcut=None))
    >>> command, options["image_size"], options["shortcut"], options["hidden_dims"]
    ('fit', '64x48', 'none', '256')
    """
    options: dict[str, Any] = experiment.to_dict()
    options["hidden_dims"] = ",".join(map(str, experiment.hidden_dims))
    options["shortcut"] = experiment.shortcut or NONE
    sigma, clip = options.pop("sigma"), options.pop("clip_noise")
    if experiment.image_size is not None:
        height, width = experiment.image_size
        options["image_size"] = f"{width}x{height}"
    if not sigma:
        return "fit", options
    # The denoising study has neither.
    del options["loss"], options["patience"]
    return "denoise", {**options, "sigma": [sigma], "clip": clip}


def toml_text(command: str, options: Mapping[str, Any], dependent: Sequence[str] = ()) -> str:
    """Writes a command's options; those without a value are comments.

    Args:
        command: The command's name.
        options: The values by the options' names.
        dependent: Names of options that follow from others: comments, too.

    Raises:
        InvalidSetting: If a value is the name of a file that is no text.

    Example:

    >>> options = {"latent_dim": 5, "quiet": False, "out": None, "epochs": 10}
    >>> print(toml_text("fit", options, ["epochs"]), end="")
    [fit]
    latent-dim = 5
    quiet = false
    # out =
    # epochs = 10
    """
    lines = []
    for name, value in options.items():
        if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise InvalidSetting(name, value, "a name that is text, for TOML holds no other")
        line = f"{name.replace('_', '-')} ={'' if value is None else f' {_toml(value)}'}"
        lines.append(f"# {line}" if value is None or name in dependent else line)
    return "\n".join([f"[{command}]", *lines, ""])


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{"".join(map(_escaped, str(value)))}"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    return f"\\u{ord(letter):04x}" if letter <= "\uffff" else f"\\U{ord(letter):08x}"
