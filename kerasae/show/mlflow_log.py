"""Logging finished runs to MLflow, from what they left in their folders."""

import contextlib
import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.errors import TrackingError
from kerasae.runs import run_files
from kerasae.runs.listing import find_runs
from kerasae.runs.run import Run

_TAG = "kerasae.digest"
# More in one call is refused by MLflow.
_MOST_METRICS = 1000


def log_run(folder: Path) -> None:
    """Logs a finished run: settings, each epoch's scores, final scores, curves and model.

    The store and the experiment are those of MLflow's own settings (`MLFLOW_TRACKING_URI` and
    `MLFLOW_EXPERIMENT_NAME`); an experiment that is not named is called `kerasae`. What is
    logged already, with the same settings and scores, is not logged again.

    Args:
        folder: The run's folder.

    Raises:
        ArtifactError: If the folder is not that of a finished run.
        TrackingError: If MLflow cannot log it.
    """
    run = Run(folder)
    # Whether it is that of a finished run is to be known before MLflow is.
    run.values()
    results = [folder / run_files.EXPERIMENT, folder / run_files.METRICS]
    _log_once(run.name, results, lambda mlflow: _log(mlflow, run))


def log_sweep(folder: Path) -> None:
    """Logs a sweep as a run with its table and figure, and its trials as runs inside it.

    See `log_run` for where. A sweep that got more trials is logged anew, as it is then.

    Args:
        folder: The sweep's folder.

    Raises:
        TrackingError: If MLflow cannot log it.
    """
    results = folder / run_files.RESULTS
    runs, _ = find_runs(folder / run_files.TRIALS)

    def log(mlflow: Any) -> None:
        _log_files(mlflow, [results, folder / run_files.SWEEP, folder / run_files.FIGURE])
        for run in runs:
            with mlflow.start_run(run_name=run.name, nested=True):
                _log(mlflow, run)

    _log_once(folder.name, [results], log)


def _log_once(name: str, results: Sequence[Path], log: Callable[[Any], None]) -> None:
    """Logs a run, unless one with the same results is logged already."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in results)).hexdigest()
    query = f"tags.`{_TAG}` = '{digest}'"
    with _store() as mlflow:
        if mlflow.search_runs(filter_string=query, max_results=1, output_format="list"):
            return
        with mlflow.start_run(run_name=name):
            log(mlflow)
            # Last, for what was cut short is to be logged again.
            mlflow.set_tag(_TAG, digest)


def _log(mlflow: Any, run: Run) -> None:
    """Logs what a run left into MLflow's current run."""
    from kerasae.show.curves import run_figure

    mlflow.log_params(run.settings())
    _log_history(mlflow, run.history)
    # After early stopping the model is not that of the last epoch.
    final = {
        f"final_{name}" if name in run.history[0] else name: float(value)
        for name, value in run.metrics.items()
        if isinstance(value, int | float)
    }
    mlflow.log_metrics(final)
    mlflow.log_figure(run_figure(run.name, run.history), "curves.png")
    names = (run_files.EXPERIMENT, run_files.METRICS, run_files.HISTORY, run_files.MODEL)
    _log_files(mlflow, [run.place / name for name in names])


def _log_history(mlflow: Any, history: Sequence[Mapping[str, float]]) -> None:
    """Logs each epoch's scores in as few calls as the store allows, each a request to a server."""
    from mlflow.utils.time import get_current_time_millis

    now, run_id = get_current_time_millis(), mlflow.active_run().info.run_id
    scores = [
        mlflow.entities.Metric(key, value, now, int(row["epoch"]))
        for row in history
        for key, value in row.items()
        if key != "epoch"
    ]
    for start in range(0, len(scores), _MOST_METRICS):
        part = scores[start : start + _MOST_METRICS]
        mlflow.tracking.MlflowClient().log_batch(run_id, metrics=part)


def _log_files(mlflow: Any, paths: Sequence[Path]) -> None:
    for path in paths:
        # A sweep keeps the models that it was told to, and has no figure where all failed.
        if path.is_file():
            mlflow.log_artifact(str(path))


@contextlib.contextmanager
def _store() -> Iterator[Any]:
    """Gives MLflow, quiet, at the store and experiment of its settings."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # What it prints of the run's address would spoil JSON on stdout.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        if "MLFLOW_EXPERIMENT_NAME" not in os.environ:
            mlflow.set_experiment("kerasae")
        yield mlflow
    # The stores raise errors of their databases and of the network, too.
    except (mlflow.exceptions.MlflowException, OSError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise TrackingError(
            f"MLflow at {mlflow.get_tracking_uri()}: {reason}; the run is saved, set "
            f"MLFLOW_TRACKING_URI and log it with the same command and --resume"
        ) from error
