"""What a command does where an option is not given: shown in its help and by `kerasae config`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from typer.core import TyperCommand

from kerasae.experiment import Experiment
from kerasae.presets import denoiser, long_run, selected_model
from kerasae.reference import REPORT_DIMS, sweep_epochs

from .config_file import run_options


def plain(dataset: str) -> Experiment:
    """Returns what `fit`, `sweep` and `learning-rate` start from: the report's epochs.

    Example:

    >>> plain("fashion_mnist").epochs
    5
    """
    return Experiment(dataset, epochs=sweep_epochs(dataset))


_BASES: dict[str, Callable[[str], Experiment]] = {
    "fit": plain,
    "sweep": plain,
    "learning_rate": plain,
    "overfit": long_run,
    "regularize": selected_model,
    "denoise": denoiser,
}
# Of a sweep's lists.
_GRID = {
    "latent_dims": ",".join(map(str, REPORT_DIMS)),
    "architectures": "basic,extended",
    "learning_rates": str(Experiment.learning_rate),
    "seeds": 1,
}
# They follow from the data set or the architecture, unless they are given.
DEPENDENT = ("epochs", "hidden_dims", "architectures")


def option_defaults(command: str) -> dict[str, Any]:
    """Returns the values that options without one of their own have, on MNIST.

    Args:
        command: The name of the command's function.

    Returns:
        The values as the command line takes them, by the options' names.

    Example:

    >>> option_defaults("denoise")["learning_rate"], option_defaults("fit")["shortcut"]
    (0.002, 'pca')
    """
    if command not in _BASES:
        return {}
    _, options = run_options(_BASES[command](Experiment.dataset))
    if command == "sweep":
        del options["hidden_dims"]
        options |= _GRID
    return options


class CommandWithDefaults(TyperCommand):
    """A command whose help shows the defaults that its options only get when it runs."""

    def __init__(self, name: str | None, *, params: Sequence[Any] = (), **settings: Any) -> None:
        callback = settings.get("callback")
        defaults: Mapping[str, Any] = option_defaults(getattr(callback, "__name__", ""))
        for option in params:
            value = defaults.get(option.name)
            if option.default is None and value is not None:
                option.show_default = str(value)
        super().__init__(name, params=list(params), **settings)
