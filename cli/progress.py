"""The live display of a sweep; plain lines where there is no terminal."""

import contextlib
import os
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from kerasae.trials.jobs import EpochDone, Event, Failed, Finished, Started, Stopped, Warned


class _Display(contextlib.ExitStack):
    """A display that is there as long as its context.

    Args:
        silent: Show nothing.
    """

    def __init__(self, *, silent: bool) -> None:
        super().__init__()
        self._console = Console(stderr=True, quiet=silent)
        self._live = self._console.is_terminal and not os.environ.get("CI")
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[scores]}", markup=False),
            console=self._console,
            disable=silent or not self._live,
            expand=True,
        )

    def __enter__(self) -> Self:
        self.enter_context(self._progress)
        return self


class TrialsProgress(_Display):
    """Shows a bar for all trials and one per running trial, on standard error.

    Args:
        title: What the trials are: a sweep or a study.
        trials: Number of trials.
        silent: Show nothing.
    """

    def __init__(self, title: str, trials: int, *, silent: bool) -> None:
        super().__init__(silent=silent)
        self._total = trials
        self._done = 0
        self._all = self._progress.add_task(title, total=trials, scores="")
        self._bars: dict[str, TaskID] = {}

    def show(self, event: Event) -> None:
        """Takes one event of a sweep into the display."""
        match event:
            case Started(name, epochs):
                if name not in self._bars:
                    bar = self._progress.add_task(name, total=epochs, scores="starting")
                    self._bars[name] = bar
            case EpochDone(name, epoch, logs):
                self._progress.update(self._bars[name], completed=epoch, scores=_scores(logs))
            case Finished(name, metrics):
                self._end(name, f"test MSE {metrics['test_mse']:.5f}, {metrics['seconds']:.1f} s")
            case Failed(name, error):
                self._end(name, f"failed: {error}")
            case Stopped(name, epoch, val_mse):
                self._end(name, f"stopped after epoch {epoch}, val MSE {val_mse:.5f}")
            case Warned(name, message):
                self._print(f"{name}: {message}")

    def _end(self, name: str, outcome: str) -> None:
        if name in self._bars:
            self._progress.remove_task(self._bars.pop(name))
        self._done += 1
        self._progress.update(self._all, completed=self._done)
        line = f"[{self._done}/{self._total}] {name}: {outcome}"
        if not self._live:
            self._print(line)

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class EpochProgress(_Display):
    """Shows a bar of epochs for one training, on standard error; nothing without a terminal.

    Args:
        epochs: Number of epochs.
        silent: Show nothing.
    """

    def __init__(self, epochs: int, *, silent: bool) -> None:
        super().__init__(silent=silent)
        self._task = self._progress.add_task("epochs", total=epochs, scores="starting")

    def show(self, epoch: int, logs: dict[str, float]) -> None:
        """Takes the end of an epoch into the display."""
        self._progress.update(self._task, completed=epoch, scores=_scores(logs))


def _scores(logs: dict[str, float]) -> str:
    rate = f"{logs['images_per_second']:,.0f} img/s"
    if "val_mse" not in logs:
        return rate
    return f"val MSE {logs['val_mse']:.5f} PSNR {logs['val_psnr']:.2f} dB {rate}"
