"""The live display of a sweep; plain lines where there is no terminal."""

import os

from rich import progress
from rich.console import Console

from kerasae.trials.jobs import EpochDone, Event, Failed, Finished, Started, Stopped, Warned


class _Bars(progress.Progress):
    """Bars on standard error, there as long as its context; the first one is of everything.

    Args:
        title: What the first bar is of.
        total: How many there are to come.
        silent: Show nothing.
    """

    def __init__(self, title: str, total: int, *, silent: bool) -> None:
        console = Console(stderr=True, quiet=silent)
        super().__init__(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(bar_width=None),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(compact=True),
            progress.TextColumn("{task.fields[scores]}", markup=False),
            console=console,
            disable=silent or not console.is_terminal or bool(os.environ.get("CI")),
            expand=True,
        )
        self._first = self.add_task(title, total=total, scores="")


class TrialsProgress(_Bars):
    """Shows a bar for all trials and one per running trial, on standard error.

    Args:
        title: What the trials are: a sweep or a study.
        total: Number of trials.
        silent: Show nothing.
    """

    def __init__(self, title: str, total: int, *, silent: bool) -> None:
        super().__init__(title, total, silent=silent)
        self._bars: dict[str, progress.TaskID] = {}

    def show(self, event: Event) -> None:
        """Takes one event of a sweep into the display."""
        match event:
            case Started(name, epochs):
                if name not in self._bars:
                    self._bars[name] = self.add_task(name, total=epochs, scores="starting")
            case EpochDone(name, epoch, logs):
                self.update(self._bars[name], completed=epoch, scores=_scores(logs))
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
            self.remove_task(self._bars.pop(name))
        self.advance(self._first)
        if self.disable:
            trials = self.tasks[0]
            self._print(f"[{trials.completed}/{trials.total}] {name}: {outcome}")

    def _print(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


class EpochProgress(_Bars):
    """Shows a bar of epochs for one training, on standard error; nothing without a terminal.

    Args:
        epochs: Number of epochs.
        silent: Show nothing.
    """

    def __init__(self, epochs: int, *, silent: bool) -> None:
        super().__init__("epochs", epochs, silent=silent)
        self.update(self._first, scores="starting")

    def show(self, epoch: int, logs: dict[str, float]) -> None:
        """Takes the end of an epoch into the display."""
        self.update(self._first, completed=epoch, scores=_scores(logs))


def _scores(logs: dict[str, float]) -> str:
    rate = f"{logs['images_per_second']:,.0f} img/s"
    if "val_mse" not in logs:
        return rate
    return f"val MSE {logs['val_mse']:.5f} PSNR {logs['val_psnr']:.2f} dB {rate}"
