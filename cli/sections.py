"""Help in sections: options by what they are about, commands by what they are for.

Typer's own sections are boxes, which leave little of 80 columns to the text and take longer to
import than everything else.
"""

import re
from typing import Any

from typer.core import TyperCommand, TyperGroup

from kerasae.experiment import DATA, NETWORK, TRAINING

OUTPUT, TRIALS = "Output", "Trials"
_SUMMARY = 200  # letters, more than any command's has
# In this order they are shown.
_ARGUMENTS, _OTHERS = "Arguments", "Options"
_ORDER = (_ARGUMENTS, DATA, NETWORK, TRAINING, TRIALS, OUTPUT, _OTHERS)


class SectionedCommand(TyperCommand):
    """A command whose options are shown in the sections that they name."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Returns what stands behind the command's name, without Typer's braces."""
        return [re.sub(r"[{}]", "", piece) for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Writes the help of arguments and options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                panel = getattr(parameter, "rich_help_panel", None) or _OTHERS
                if parameter.param_type_name == "argument":
                    # Its name says what it is.
                    panel, record = _ARGUMENTS, (record[0].partition(" ")[0], record[1])
                sections.setdefault(panel, []).append(_plain(record))
        for title in _ORDER:
            if title in sections:
                with formatter.section(title):
                    formatter.write_dl(sections[title])


class SectionedGroup(TyperGroup):
    """Commands that are shown in the sections that they name."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes the names and summaries of the commands."""
        width = max(map(len, self.commands))
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            panel = getattr(command, "rich_help_panel", None) or _OTHERS
            # Wrapped where the terminal is narrow, and never cut.
            summary = command.get_short_help_str(_SUMMARY)
            sections.setdefault(panel, []).append((name.ljust(width), summary))
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)


def _plain(record: tuple[str, str]) -> tuple[str, str]:
    """Takes away what Typer writes around a default that is given in words."""
    names, text = record
    names = names.replace("<int range>", "<int>").replace("<str>", "TEXT")
    return names, re.sub(r"default: \((.*?)\)(?=[\];])", r"default: \1", text)
