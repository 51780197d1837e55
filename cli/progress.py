"""The live display of trainings; plain lines where there is no terminal."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.table import Column
from rich.text import Text

from kerasae.show.counts import counted, duration
from kerasae.trials.jobs import (
    Doing,
    EpochDone,
    Event,
    Failed,
    Finished,
    Paused,
    Started,
    Stopped,
    Warned,
)

from .time_left import TimeLeft

# The terminal writes ^C where the cursor is; a line that it wraps could not be erased.
_ECHO = 3
# Spinner, epochs, time left and score, with the spaces between.
_NUMBERS = 32
_BARS = range(8, 41)
# The stage of `train.train` in which the epochs are.
_TRAINING = "training"
# What a study does after its trials: of thousands of images and classical methods beside them.
SCORING = "scoring and drawing"
# Widths of a trial's name, and of what a fit is doing.
_TRIAL_NAME, _STAGE = 35, 26


@contextlib.contextmanager
def doing(what: str, *, silent: bool = False) -> Iterator[Callable[[str], None]]:
    """Says on a terminal what is being done, until the block ends.

    Args:
        what: What is being done at first.
        silent: Say nothing.

    Yields:
        A function that says what else is being done.
    """
    with _console(silent) as (console, live):
        shown = Console(quiet=True) if not live else console
        with shown.status(what, spinner="line") as status:
            yield status.update


@contextlib.contextmanager
def _console(silent: bool) -> Iterator[tuple[Console, bool]]:
    """Gives the console of standard error, and whether it can be drawn on.

    It has a handle of its own: that of the process is silenced while TensorFlow is loaded.
    """
    # Notebooks pass on what a command writes without going back in it, though they seem to be
    # terminals to it.
    plain = any(os.environ.get(name) for name in ("CI", "JPY_PARENT_PID"))
    dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    live = not (silent or plain or dumb) and sys.stderr is not None and sys.stderr.isatty()
    if not live:
        yield Console(stderr=True, quiet=silent, force_terminal=False), False
        return
    with _duplicate(sys.stderr) as file:
        yield Console(file=file), True


def _duplicate(stream: TextIO) -> TextIO:
    handle = os.dup(stream.fileno())
    return open(handle, "w", encoding=stream.encoding, errors="replace")


class _Name:
    """A name whose end is shown where it has no room: there trials differ."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width
        name = self._name if len(self._name) <= room else "…" + self._name[1 - room :]
        yield Text(name, no_wrap=True, overflow="crop")


class _NameColumn(ProgressColumn):
    def render(self, task: Task) -> RenderableType:
        return _Name(task.description)


class _TimeLeftColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        seconds = task.fields["time_left"].of(task.fields["epochs_left"], time.monotonic())
        return Text("-:--" if seconds is None else duration(seconds))


def _fixed(width: int) -> Column:
    return Column(no_wrap=True, justify="right", min_width=width)


class _Bars(Progress):
    """Bars on standard error, there as long as its context; the first one is of everything.

    Args:
        name_width: Width of the names, as far as there is room.
        silent: Show nothing.
    """

    def __init__(self, name_width: int, *, silent: bool) -> None:
        self._opened = contextlib.ExitStack()
        self._console, live = self._opened.enter_context(_console(silent))
        self._name_width = name_width
        self._bar = BarColumn()
        names = (SpinnerColumn("line"), _NameColumn(Column(ratio=1, no_wrap=True)))
        numbers = (
            TextColumn("{task.fields[count]}", markup=False, table_column=_fixed(5)),
            _TimeLeftColumn(_fixed(5)),
            TextColumn("{task.fields[score]}", markup=False, table_column=_fixed(11)),
        )
        self._narrow, self._wide = (*names, *numbers), (*names, self._bar, *numbers)
        super().__init__(console=self._console, disable=not live, transient=True)
        self._first = self._add("loading data", 0)

    def stop(self) -> None:
        """Takes the bars away."""
        super().stop()
        self._opened.close()

    def get_renderables(self) -> Iterable[RenderableType]:
        """Lays the bars out in the width of the terminal."""
        width = self._console.width - _ECHO
        room = width - _NUMBERS - self._name_width
        self._bar.bar_width = min(room, _BARS[-1])
        self.columns = self._wide if room in _BARS or room > _BARS[-1] else self._narrow
        table = self.make_tasks_table(self.tasks)
        table.width = width
        yield table

    def doing(self, what: str) -> None:
        """Says what is being done."""
        if self.disable:
            self._print(what)
        self.update(self._first, description=what)

    def _add(self, name: str, epochs: int, score: str = "") -> TaskID:
        left = TimeLeft(time.monotonic())
        bar = self.add_task(name, count="", time_left=left, epochs_left=epochs, score=score)
        self._set(bar, 0, epochs)
        return bar

    def _set(self, bar: TaskID, done: int, total: int, **fields: Any) -> None:
        count = f"{done}/{total}" if total else ""
        self.update(bar, completed=done, total=total or None, count=count, **fields)

    def _print(self, line: str) -> None:
        if not self._console.quiet:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class TrialsProgress(_Bars):
    """Shows a bar for all trials and one per running trial; elsewhere a line for each that ends.

    Args:
        total: Number of trials.
        silent: Show nothing.
        then: What follows the trials, which may take minutes.
    """

    def __init__(self, total: int, *, silent: bool, then: str = "drawing") -> None:
        super().__init__(_TRIAL_NAME, silent=silent)
        self._trials, self._then = total, then
        self._over = self._failed = 0
        self._bars: dict[str, TaskID] = {}
        # Epochs that are left of those that have begun, and epochs of one that has not.
        self._left: dict[str, int] = {}
        self._epochs = 0
        self._begun = False

    def expect(self, trials: int) -> None:
        """Says how many trials there are, where that follows from the data."""
        self._trials = trials

    def show(self, event: Event) -> None:
        """Takes one event of a sweep into the display."""
        name, now = event.name, time.monotonic()
        match event:
            case Started(_, epochs):
                self._start(name, epochs, now)
            case Doing(_, stage):
                self.update(self._bars[name], score=stage)
                if stage == _TRAINING:
                    self._training(name, now)
            case EpochDone(_, epoch, logs):
                self._epoch_done(name, epoch, logs, now)
            case Paused():
                self.remove_task(self._bars.pop(name))
            case Finished(_, metrics):
                self._end(name, f"test MSE {metrics['test_mse']:.5f}, {metrics['seconds']:.1f} s")
            case Failed(_, error):
                self._failed += 1
                self._end(name, f"failed: {error}")
            case Stopped(_, epoch, val_mse):
                after = counted(epoch, "epoch")
                self._end(name, f"stopped after {after}, val MSE {val_mse:.5f}")
            case Warned(_, message):
                self._print(f"{name}: {message}")

    def _start(self, name: str, epochs: int, now: float) -> None:
        if not self._epochs:
            self.doing(f"training {counted(self._trials, 'trial')}")
        self._epochs = epochs
        self._left.setdefault(name, epochs)
        if name not in self._bars:
            self._bars[name] = self._add(name, epochs, "starting")
        self._count()

    def _training(self, name: str, now: float) -> None:
        """Counts the time from here on: what comes before is no part of an epoch."""
        self.update(self._bars[name], time_left=TimeLeft(now))
        if not self._begun:
            self._begun = True
            self.update(self._first, time_left=TimeLeft(now))

    def _epoch_done(self, name: str, epoch: int, logs: dict[str, float], now: float) -> None:
        bar = self._bars[name]
        total = int(self._tasks[bar].total or 0)
        for one in (self._first, bar):
            self._tasks[one].fields["time_left"].epoch_done(now)
        self._left[name] = total - epoch
        self._set(bar, epoch, total, epochs_left=total - epoch, score=_score(logs, ""))
        self._count()

    def _end(self, name: str, outcome: str) -> None:
        if name in self._bars:
            self.remove_task(self._bars.pop(name))
        self._left.pop(name, None)
        self._over += 1
        self._count()
        if self.disable:
            self._print(f"[{self._over}/{self._trials}] {name}: {outcome}")
        if self._over == self._trials:
            self.doing(self._then)

    def _count(self) -> None:
        waiting = self._trials - self._over - len(self._left)
        left = sum(self._left.values()) + waiting * self._epochs
        failed = f"{self._failed:,} failed" if self._failed else ""
        self._set(self._first, self._over, self._trials, epochs_left=left, score=failed)


class EpochProgress(_Bars):
    """Shows a bar of epochs for one training; elsewhere a line for each.

    Args:
        silent: Show nothing.
    """

    def __init__(self, *, silent: bool) -> None:
        super().__init__(_STAGE, silent=silent)
        self._epochs = 0

    def expect(self, epochs: int) -> None:
        """Says how many epochs there are to come."""
        self._epochs = epochs
        self._set(self._first, 0, epochs)

    def doing(self, what: str) -> None:
        """Says what is being done; the epochs begin with the training."""
        super().doing(what)
        if what == _TRAINING:
            self.update(self._first, time_left=TimeLeft(time.monotonic()))

    def show(self, epoch: int, logs: dict[str, float]) -> None:
        """Takes the end of an epoch into the display."""
        left = self._epochs - epoch
        self._tasks[self._first].fields["time_left"].epoch_done(time.monotonic())
        self._set(self._first, epoch, self._epochs, epochs_left=left, score=_score(logs, ""))
        rate = f"{logs['images_per_second']:,.0f} images/s"
        self.update(self._first, description=f"{_TRAINING}, {rate}")
        if self.disable:
            parts = [f"epoch {epoch}/{self._epochs}: {_score(logs, 'MSE ')}"]
            if "val_psnr" in logs:
                parts.append(f"PSNR {logs['val_psnr']:.2f} dB")
            self._print(", ".join([*parts, rate]))


def _score(logs: dict[str, float], measure: str) -> str:
    part = "val" if "val_mse" in logs else "train"
    return f"{part} {measure}{logs[f'{part}_mse']:#.4g}"
