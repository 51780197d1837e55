"""Writes a page for each command of kerasae, out of what `kerasae COMMAND --help` says."""

import re
import shutil
from itertools import groupby
from pathlib import Path
from typing import Any

import typer
from kerasae_cli.main import app

# Where Typer puts what is known of an option beside its help.
_FACTS = re.compile(r"\s*\[([^\[\]]*(?:default|required|env var|<=|>=)[^\[\]]*)\]$")
_RANGES = (
    (r"([^;\s]+)<=x<=([^;\s]+)", r"from \1 to \2"), (r"x>=(\S+)", r"at least \1"),
    (r"x<=(\S+)", r"at most \1"), (r"env var", "environment variable"),
    # Defaults that depend on other options are in parentheses.
    (r"default: \((.*)\)", r"default: \1"),
)  # fmt: skip
_PANEL = {"argument": "Arguments", "option": "Options"}


def setup(sphinx: Any) -> dict[str, bool]:
    sphinx.connect("builder-inited", lambda built: write_pages(Path(built.srcdir) / "commands"))
    return {"parallel_read_safe": True}


def write_pages(folder: Path) -> None:
    """Writes `index.md` and a page per command into a folder, in place of what was there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    program = typer.main.get_command(app)
    commands: dict[str, Any] = vars(program)["commands"]
    context = program.make_context("kerasae", [], resilient_parsing=True)
    index = [
        "# Commands", "",
        "`kerasae COMMAND --help` prints the same in the terminal.", "",
        *_tables(commands),
        "## Options of every command", "", *_definitions(program.params, context),
        "```{toctree}", ":hidden:", "", *commands, "```",
    ]  # fmt: skip
    (folder / "index.md").write_text("\n".join(index) + "\n", encoding="utf-8")
    for name, command in commands.items():
        (folder / f"{name}.md").write_text(_page(name, command), encoding="utf-8")


def _tables(commands: dict[str, Any]) -> list[str]:
    """A table of commands for each section of the help."""
    lines = []
    for title, some in groupby(commands.items(), key=lambda one: one[1].rich_help_panel):
        lines += [f"## {title}", "", "| command | what it does |", "|---|---|"]
        for name, command in some:
            lines.append(
                f"| [`kerasae {name}`]({name}.md) | {_escaped(_first_line(command.help))} |"
            )
        lines.append("")
    return lines


def _page(name: str, command: Any) -> str:
    context = command.make_context(f"kerasae {name}", [], resilient_parsing=True)
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    text = [f"# {name}", "", _escaped(command.help or ""), "", "```text", usage, "```", ""]
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    for panel, parameters in groupby(sorted(shown, key=_rank(shown)), key=_panel):
        text += [f"## {panel}", "", *_definitions(parameters, context)]
    return "\n".join(text)


def _panel(parameter: Any) -> str:
    return getattr(parameter, "rich_help_panel", None) or _PANEL[parameter.param_type_name]


def _rank(parameters: list[Any]) -> Any:
    order = list(dict.fromkeys(map(_panel, parameters)))
    return lambda parameter: order.index(_panel(parameter))


def _definitions(parameters: Any, context: Any) -> list[str]:
    """A definition list: the option, what it does, and its default on a line of its own."""
    lines = []
    for parameter in parameters:
        record = parameter.get_help_record(context)
        if record is None:
            continue
        names, text = record
        if parameter.param_type_name == "argument":
            names = names.partition(" ")[0]
        facts = _FACTS.search(text)
        text = _FACTS.sub("", text).strip() or "–"
        lines += [f"`{names}`", f": {_escaped(text)}"]
        # That a switch is off by default, its name says.
        if facts and not re.fullmatch(r"default: (no-.*|\(\))", facts[1]):
            lines += ["", f"  *{_escaped(_in_words(facts[1]))}*"]
        lines.append("")
    return lines


def _in_words(facts: str) -> str:
    for pattern, words in _RANGES:
        facts = re.sub(pattern, words, facts)
    return facts


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _escaped(text: str) -> str:
    return re.sub(r"([*_<>|\\$])", r"\\\1", text)
