"""`kerasae config`."""

import dataclasses
import os
from typing import Annotated

import typer

from kerasae.errors import InvalidSetting

from .config_file import options_of, run_options, toml_text

# They follow from the data set, the architecture or the protocol, unless they are given.
_DEPENDENT = (
    "epochs", "batch-size", "learning-rate", "validation-split", "shift", "hidden-dims",
    "architectures",
)  # fmt: skip


def config(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="COMMAND|DIR", help="A command, such as fit, or the folder of a run."
        ),
    ],
) -> None:
    """Print the configuration of a command or run as TOML."""
    commands = getattr(context.parent.command, "commands", {}) if context.parent else {}
    if target in commands:
        command = commands[target]
        values = {**getattr(command.callback, "defaults", {})}
        values |= {one.name: one.default for one in command.params if one.default is not None}
        options = {flag: values.get(name) for flag, name in options_of(command).items()}
        print(toml_text(target, options, _DEPENDENT), end="")
        return
    if not os.path.isdir(target):
        raise InvalidSetting(
            "target", target, "the folder of a run, or one of " + ", ".join(commands)
        )
    from kerasae.runs.run import Run

    run = Run(target)
    # Where the images are, from whatever folder the file is used.
    place = run.record.dataset if run.record else None
    experiment = dataclasses.replace(run.experiment, dataset=place or run.experiment.dataset)
    print(toml_text("fit", run_options(experiment)), end="")
