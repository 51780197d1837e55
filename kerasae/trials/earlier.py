"""What an earlier process has left in a run's folder, as far as it can be gone on from."""

import os
from collections.abc import Mapping

from kerasae.errors import ArtifactError
from kerasae.files.local_files import refusing
from kerasae.identity import check_same, flat
from kerasae.recorded_scores import TrialScores, read_scores
from kerasae.runs.run import Run
from kerasae.runs.run_files import METRICS
from kerasae.trials.halving import rungs
from kerasae.trials.jobs import Failed, Finished, Job
from kerasae.trials.ledger import Entry, Ledger


def known_trials(
    jobs: Mapping[str, Job], ledger: Ledger, *, halving: bool = False
) -> dict[str, Entry]:
    """Brings together what the ledger and the jobs' folders say.

    A trial that failed without reason to fail again is to be tried again. One that its worker
    had saved, when nobody could write that down any more, is done; one whose scores are gone
    is not.

    Args:
        jobs: All planned jobs by name.
        ledger: The ledger; what only a folder knew is recorded.
        halving: Whether what trials scored at their rungs is needed.

    Returns:
        What is known of each job that was begun, by name, in the order they were begun.

    Raises:
        ArtifactError: If the ledger has a trial of the same name that differs.
    """
    entries = ledger.read()
    begun = [job for job in map(jobs.get, entries) if job is not None]
    for job in begun:
        check_same(job.folder, flat(entries[job.name].identity), job.identity.flat())
    for job in begun:
        _compare_with_folder(job, entries[job.name], ledger, halving)
    return {job.name: entries[job.name] for job in begun}


def _compare_with_folder(job: Job, entry: Entry, ledger: Ledger, halving: bool) -> None:
    saved = os.path.isfile(os.path.join(job.folder, METRICS))
    match entry.outcome:
        case Failed(final=final):
            if not final:
                entry.kills, entry.outcome = 0, None
            return
        case Finished() if not saved:
            entry.outcome = None
        case None if saved and (run := Run(job.folder)).experiment == job.experiment:
            with refusing(job.folder / METRICS, ArtifactError, "take it away, then resume again"):
                entry.outcome = Finished(job.name, read_scores(run.metrics, TrialScores))
            ledger.record(entry.outcome)
    if entry.outcome and halving and not set(rungs(job.experiment.pace.epochs)) <= set(entry.rungs):
        # A line of it was damaged, and the others would wait for what it said.
        entry.rungs = {int(row["epoch"]): row["val_mse"] for row in Run(job.folder).history}
