"""What a run leaves in its folder: the files' names, and saving them in their order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kerasae.files.whole_files import save_with, write_csv, write_json

if TYPE_CHECKING:
    from kerasae.runs.run import Run

MODEL = "model.keras"
EXPERIMENT = "experiment.json"
HISTORY = "history.csv"
METRICS = "metrics.json"
RESULTS = "results.csv"
SWEEP = "sweep.json"
STUDY = "study.json"
PLAN = "plan.json"
REPRODUCTION = "reproduction.json"
PAGE = "report.html"
FIGURE = "sweep.png"
TRIALS = "trials"
TENSORBOARD = "tensorboard"


def save_run(folder: Path, run: Run) -> None:
    """Saves a trained run; `metrics.json` comes last, so a run that has it is whole.

    Args:
        folder: The run's folder; made when it is missing.
        run: Its settings, model, history and scores.
    """
    write_json(folder / EXPERIMENT, run.experiment.to_dict())
    write_csv(folder / HISTORY, list(run.history[0]), run.history)
    save_with(folder / MODEL, run.model.save)
    write_json(folder / METRICS, run.metrics)
