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
    rows = [
        f"| [`kerasae {name}`]({name}.md) | {_escaped(_first_line(one.help))} |"
        for name, one in commands.items()
    ]
    context = program.make_context("kerasae", [], resilient_parsing=True)
    index = [
        "# Commands", "",
        "`kerasae COMMAND --help` prints the same in the terminal.", "",
        "| command | what it does |", "|---|---|", *rows, "",
        "## Options of every command", "", *_definitions(program.params, context),
        "```{toctree}", ":hidden:", "", *commands, "```",
    ]  # fmt: skip
    (folder / "index.md").write_text("\n".join(index) + "\n", encoding="utf-8")
    for name, command in commands.items():
        (folder / f"{name}.md").write_text(_page(name, command), encoding="utf-8")


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
        facts = _FACTS.search(text)
        text = _FACTS.sub("", text).strip() or "–"
        lines += [f"`{names}`", f": {_escaped(text)}"]
        if facts:
            # Defaults that are shown in the help without being the option's own are in parentheses.
            lines += ["", f"  *{_escaped(re.sub(r'[()]', '', facts[1]))}*"]
        lines.append("")
    return lines


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _escaped(text: str) -> str:
    return re.sub(r"([*_<>|\\$])", r"\\\1", text)
