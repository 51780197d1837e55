"""What a worker does with a training job."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kerasae.errors import DiskFull, KerasAEError, KerasAEWarning, TrainingDiverged
from kerasae.runs.fitting import fit_run
from kerasae.runtime import give_memory_back, keep_one_heap, spare_imports, start_tensorflow
from kerasae.training.checkpoints import Checkpoints
from kerasae.trials.data_store import DataStore
from kerasae.trials.jobs import (
    Doing,
    Ending,
    EpochDone,
    Failed,
    Finished,
    Job,
    NoRoom,
    Paused,
    Report,
    Started,
    Warned,
)

if TYPE_CHECKING:
    from kerasae.training.programs import ProgramCache


@dataclasses.dataclass(frozen=True)
class TrainWork:
    """Trains a job's experiment from its last checkpoint on, and saves the run.

    Args:
        store: Where the data sets and their PCA are.
    """

    store: DataStore

    def prepare(self, *, alone: bool) -> None:
        """Imports TensorFlow, which then computes with one thread; a lean one when alone."""
        if alone:
            keep_one_heap()
        start_tensorflow(threads=1, lean=alone)
        if alone:
            importlib.import_module("kerasae.training.train")
            spare_imports()

    def portable(self) -> TrainWork:
        """Returns the work with its data in memory."""
        return TrainWork(self.store.loaded())

    def run(self, job: Job, report: Report) -> Ending:
        """Trains; returns `Finished`, `Paused`, `Failed` or `NoRoom`."""
        report(Started(job.name, job.experiment.pace.epochs))
        try:
            with _reporting_warnings(job, report):
                return self._train(job, report)
        except _RungReached as reached:
            return Paused(job.name, *reached.args)
        except DiskFull as error:
            return NoRoom(job.name, str(error))
        except KerasAEError as error:
            # It would diverge again.
            return Failed(job.name, str(error), final=isinstance(error, TrainingDiverged))
        # Anything else that one trial raises must not end the others; its type tells it apart.
        except Exception as error:
            return Failed(job.name, f"{type(error).__name__}: {error}".splitlines()[0])
        finally:
            give_memory_back()

    def _train(self, job: Job, report: Report) -> Ending:
        import keras

        def on_epoch(epoch: int, logs: dict[str, float]) -> None:
            report(EpochDone(job.name, epoch, logs))
            if epoch == job.until:
                raise _RungReached(epoch, logs["val_mse"])

        if job.until is not None:
            # An earlier worker may have reached it, and died before it could say so.
            earlier = Checkpoints(job.folder, job.identity).latest()
            if earlier is not None and earlier.epochs >= job.until:
                reached = earlier.state["history"][job.until - 1]
                return Paused(job.name, job.until, reached["val_mse"])
        # Layers are then named as in a process of their own, and nothing is kept of the last trial.
        keras.backend.clear_session()
        run = fit_run(
            job.experiment,
            self.store.data(job.experiment.dataset),
            folder=job.folder,
            identity=job.identity,
            pca=self.store.pca(job.experiment.dataset, job.experiment.validation_split),
            on_epoch=on_epoch,
            on_stage=lambda stage: report(Doing(job.name, stage)),
            tensorboard=job.tensorboard,
            cache=_programs(),
        )
        return Finished(job.name, run.metrics)


@functools.cache
def _programs() -> ProgramCache:
    """Returns what this process has compiled; trials of a sweep often differ in their seed only."""
    from kerasae.training.programs import ProgramCache

    return ProgramCache()


class _RungReached(Exception):
    """Leaves the training after the epoch of a rung, whose checkpoint is saved."""


@contextlib.contextmanager
def _reporting_warnings(job: Job, report: Report) -> Iterator[None]:
    """Hands kerasae's warnings to the owner of the run, whose messages they are."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def hand_over(message: Warning | str, category: type[Warning], *rest: Any) -> None:
            if issubclass(category, KerasAEWarning):
                report(Warned(job.name, str(message)))
            else:
                show(message, category, *rest)

        warnings.simplefilter("always", KerasAEWarning)
        warnings.showwarning = hand_over  # type: ignore[assignment]
        yield
