"""A command's options out of declarations: settings from their annotations, and shared groups."""

import dataclasses
import functools
import inspect
import re
import typing
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, Literal

import typer

from kerasae.errors import InvalidSetting
from kerasae.experiment import ARCHITECTURES, TRAINING, Experiment, architecture_name
from kerasae.files.shapes import Field, fields_of
from kerasae.reference import title_of

NONE = "none"
_OWN_IMAGES = "images"  # any name that is no data set's
# The settings that the command line gave, by name.
Given = dict[str, Any]
_Command = Callable[..., None]
# What makes a parameter of others, and those.
_Group = tuple[Callable[..., Any], list[inspect.Parameter]]


def with_settings(
    base: Callable[[str], Experiment] | None = None,
    *,
    only: Collection[str] | None = None,
    without: Collection[str] = (),
    own: Mapping[str, Field] | None = None,
) -> Callable[[_Command], _Command]:
    """Gives a command an option for each setting, in the place of its parameter `given`.

    Args:
        base: What the command starts from, by data set, whose values are shown as defaults;
            `None` shows none.
        only: The settings of `Experiment`; `None` is all of them.
        without: Settings of `Experiment` to leave out.
        own: Fields of something else, such as a study, that get options as well.

    Returns:
        A decorator. The command is called with the settings that were given, as `Experiment`
        takes them; `--architecture` has become `hidden_dims`.
    """
    fields = {
        name: field
        for name, field in fields_of(Experiment).items()
        if name not in without and (only is None or name in only)
    }
    start = base(Experiment.dataset) if base else None
    defaults = {
        name: written(field, getattr(start, name)) for name, field in fields.items() if start
    }
    fields |= own or {}
    others = base(_OWN_IMAGES) if base else None
    elsewhere = {
        name: written(fields[name], getattr(others, name))
        for name in defaults
        if others and name != "dataset"
    }
    defaults |= {name: written(field, field.default) for name, field in (own or {}).items()}

    def settings(architecture: str | None = None, **options: Any) -> Given:
        given = {
            name: read(fields[name], value) for name, value in options.items() if value is not None
        }
        if architecture is not None:
            given["hidden_dims"] = _widths(architecture, given.get("hidden_dims"))
        return given

    def decorate(function: _Command) -> _Command:
        parameters = _parameters(fields, defaults, elsewhere)
        command = with_parameters(function, {"given": (settings, parameters)})
        vars(command)["defaults"] = defaults
        return command

    return decorate


def with_groups(function: _Command) -> _Command:
    """Gives a command the options of each group in `options` that one of its parameters is."""
    kinds: dict[str, Any] = {
        name: one.annotation
        for name, one in inspect.signature(function, eval_str=True).parameters.items()
        if dataclasses.is_dataclass(one.annotation)
    }
    groups: dict[str, _Group] = {
        name: (kind, [*inspect.signature(kind, eval_str=True).parameters.values()])
        for name, kind in kinds.items()
    }
    return with_parameters(function, groups)


def with_parameters(function: _Command, groups: Mapping[str, _Group]) -> _Command:
    """Gives a command groups of parameters, each in the place of the one that is made of them."""

    @functools.wraps(function)
    def command(**options: Any) -> None:
        for name, (make, parameters) in groups.items():
            options[name] = make(**{one.name: options.pop(one.name) for one in parameters})
        function(**options)

    parameters = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(function, eval_str=True).parameters.values()
        for one in (groups[parameter.name][1] if parameter.name in groups else [parameter])
    ]
    vars(command)["__signature__"] = inspect.Signature(parameters)
    return command


def flags_of(field: Field) -> tuple[str, ...]:
    """Returns a setting's names on the command line.

    Example:

    >>> flags_of(fields_of(Experiment)["latent_dim"]), flags_of(fields_of(Experiment)["clip_noise"])
    (('--latent-dim',), ('--clip/--no-clip',))
    """
    flags: tuple[str, ...] = field.extra.get("flags", (f"--{field.name.replace('_', '-')}",))
    return flags


def written(field: Field, value: Any) -> Any:
    """Writes a setting as the command line and TOML have it; `None` where it has no value.

    Example:

    >>> fields = fields_of(Experiment)
    >>> written(fields["image_size"], (48, 64)), written(fields["shortcut"], None)
    ('64x48', 'none')
    """
    if value is None or value == (None,):
        return NONE if typing.get_origin(field.kind) is Literal else None
    if not isinstance(value, tuple | list):
        return value
    if field.name == "image_size":
        return f"{value[1]}x{value[0]}"
    return list(value) if field.extra.get("repeat") else ",".join(map(str, value))


def read(field: Field, value: Any) -> Any:
    """Reads a setting as the command line has it; `Experiment` checks what comes out.

    Raises:
        InvalidSetting: If a list holds something that is no number, or a size is none.
    """
    if value == NONE and typing.get_origin(field.kind) is Literal:
        return None
    if typing.get_origin(field.kind) is not tuple:
        return value
    if not isinstance(value, str):
        value = ",".join(value)
    if "str" in str(field.kind):
        return tuple(value.split(",")) if value else ()
    if field.name == "image_size":
        match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", value, re.ASCII)
        if match is None:
            raise InvalidSetting(field.name, value, "a width and a height, such as 64x64")
        # People write the width first.
        return int(match[2]), int(match[1])
    return numbers(field.name, value, int if "int" in str(field.kind) else float)


def numbers(name: str, text: str, kind: Callable[[str], Any]) -> tuple[Any, ...]:
    """Reads a comma-separated list of numbers.

    Raises:
        InvalidSetting: If a part is not a number, or there is none.
    """
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        what = "whole numbers" if kind is int else "numbers"
        raise InvalidSetting(name, text, f"{what} separated by commas") from None


def networks(architectures: str | None, hidden_dims: list[str]) -> tuple[tuple[int, ...], ...]:
    """Puts together the networks that `--architectures` and `--hidden-dims` ask for.

    The number of widths tells the architecture: one is `basic`, two `extended`. A named
    architecture without widths of its own gets its default widths.
    """
    widths = [numbers("hidden_dims", text, int) for text in hidden_dims]
    if architectures is None:
        return tuple(widths) or tuple(ARCHITECTURES.values())
    names = architectures.split(",")
    if not set(names) <= set(ARCHITECTURES) or len(set(names)) != len(names):
        raise InvalidSetting("architectures", architectures, "basic, extended or basic,extended")
    given: dict[str, list[tuple[int, ...]]] = {name: [] for name in names}
    for dims in widths:
        if architecture_name(dims) not in given:
            received = ",".join(map(str, dims))
            expected = "(basic has one, extended two), or no --architectures"
            raise InvalidSetting("hidden_dims", received, f"widths of {architectures} {expected}")
        given[architecture_name(dims)].append(dims)
    return tuple(dims for name in names for dims in given[name] or [ARCHITECTURES[name]])


def _widths(architecture: str, widths: tuple[int, ...] | None) -> tuple[int, ...]:
    """Returns the widths of a network that is named, and may have widths of its own."""
    if architecture not in ARCHITECTURES:
        raise InvalidSetting("architecture", architecture, " or ".join(ARCHITECTURES))
    if widths is not None and architecture_name(widths) != architecture:
        received = ",".join(map(str, widths))
        raise InvalidSetting("hidden_dims", received, f"the widths of {architecture}")
    return widths or ARCHITECTURES[architecture]


def _parameters(
    fields: Mapping[str, Field], defaults: Mapping[str, Any], elsewhere: Mapping[str, Any]
) -> list[inspect.Parameter]:
    parameters = []
    for name, field in fields.items():
        panel = field.extra.get("about", TRAINING)
        if name == "hidden_dims":
            widths = [f"{one} ({','.join(map(str, dims))})" for one, dims in ARCHITECTURES.items()]
            text = f"Hidden layers by name: {' or '.join(widths)}."
            option = typer.Option(help=text, metavar="NAME", rich_help_panel=panel)
            parameters.append(_parameter("architecture", str, option))
        kind = field.kind if field.kind in (int, float, bool) else str
        shown = _shown(field, defaults.get(name))
        other = _shown(field, elsewhere.get(name, defaults.get(name)))
        if other != shown:
            shown = f"{shown} on {title_of(Experiment.dataset)}, else {other}"
        option = typer.Option(
            *flags_of(field),
            help=_help(field),
            metavar=field.extra.get("metavar") or _metavar(field),
            # A flag's default is seen by its name.
            show_default=False if not shown or kind is bool else shown,
            rich_help_panel=panel,
        )
        kind = list[str] if field.extra.get("repeat") else kind
        parameters.append(_parameter(name, kind, option))
    return parameters


def _shown(field: Field, default: Any) -> str:
    """Writes a default as the help shows it; an empty text where there is none."""
    if field.extra.get("follows") and default in (None, NONE):
        return "chosen for the data"
    if isinstance(default, list):
        return ",".join(map(str, default))
    return "" if default is None else str(default)


def _metavar(field: Field) -> str | None:
    """Says what an option takes that is neither a flag nor one number."""
    kind = typing.get_origin(field.kind)
    if kind is tuple:
        return "NAME,…" if "str" in str(field.kind) else "N,N,…"
    return "NAME" if kind is Literal else None


def _parameter(name: str, kind: Any, option: Any) -> inspect.Parameter:
    annotation = Annotated[kind | None, option]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


def _help(field: Field) -> str:
    if typing.get_origin(field.kind) is not Literal:
        return field.help
    words = [*typing.get_args(field.kind)]
    if type(None) in typing.get_args(typing.get_args(field.shape)[0]):
        words += [] if field.extra.get("follows") else [NONE]
    return f"{field.help.removesuffix('.')}: {', '.join(words)}."
