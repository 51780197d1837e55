"""Keeps the models of the best trials of a large sweep only."""

import heapq
from pathlib import Path

from kerasae.runs.choice import choice_score
from kerasae.runs.run_files import MODEL
from kerasae.trials.jobs import Finished


class KeptModels:
    """Removes a model's file as soon as so many better ones are there.

    Settings, history and scores of every trial stay.

    Args:
        trials: Folder of the trials' folders.
        most: How many models to keep, at least 1; `None` keeps all.
    """

    def __init__(self, trials: Path, most: int | None) -> None:
        self._trials = trials
        self._most = most
        # The worst one kept comes first; the name decides between equals.
        self._kept: list[tuple[float, str]] = []

    def add(self, done: Finished) -> None:
        """Takes a trial that is done into account."""
        if self._most is None:
            return
        heapq.heappush(self._kept, (-choice_score(done.metrics), done.name))
        if len(self._kept) > self._most:
            _, name = heapq.heappop(self._kept)
            (self._trials / name / MODEL).unlink(missing_ok=True)
