"""`kerasae sweep`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasae.environment import cores
from kerasae.errors import InvalidSetting
from kerasae.experiment import NETWORK, Experiment
from kerasae.files.shapes import fields_of
from kerasae.show.counts import duration, size
from kerasae.show.table import Column, Table
from kerasae.trials.grid import Sweep

from . import options as o
from .output import command_line, print_result
from .resuming import resumable
from .sections import OUTPUT, TRIALS
from .settings import Given, networks, with_settings

if TYPE_CHECKING:
    from kerasae.code_worth import CodeJudge, CodeWorth
    from kerasae.data.image_data import ImageData
    from kerasae.trials.sweeps import SweepResult

_LISTS = {name: fields_of(Sweep)[name] for name in ("latent_dims", "learning_rates", "seeds")}


@with_settings(Experiment, without=Sweep.varies, own=_LISTS)
def sweep(
    given: Given,
    saving: o.Saving,
    loading: o.Loading,
    tracking: o.Tracking,
    architectures: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,…",
            help="Networks by name: basic, extended or both.",
            show_default="basic,extended",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    hidden_dims: Annotated[
        list[str] | None,
        typer.Option(
            metavar="N,N,…",
            help="Hidden widths of one network, such as 512,256; repeat it for more networks.",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    early_stop: Annotated[
        str | None,
        typer.Option(
            metavar="halving",
            help="Stop the weaker half of the settings after 1/4 and 1/2 of the epochs.",
            rich_help_panel=TRIALS,
        ),
    ] = None,
    keep: Annotated[
        str,
        typer.Option(
            metavar="N", help="Models to keep: best, all or a number.", rich_help_panel=TRIALS
        ),
    ] = "all",
    jobs: o.Jobs = None,
    executor: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What runs the trials: processes, serial or ray.",
            rich_help_panel=TRIALS,
        ),
    ] = "processes",
    ray_address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Ray cluster, or auto; default: a Ray started on this machine.",
            rich_help_panel=TRIALS,
        ),
    ] = None,
    gpus_per_trial: Annotated[
        float, typer.Option(help="GPUs for each trial on Ray, such as 0.5.", rich_help_panel=TRIALS)
    ] = 0.0,
    codes: Annotated[
        bool,
        typer.Option(
            "--codes",
            help="Also measure how well the codes tell classes apart.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Print the time, memory and disk space it would take, and train nothing.",
            rich_help_panel=TRIALS,
        ),
    ] = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Train many networks and compare them with PCA."""
    from kerasae.runs.run_files import TRIALS as TRIALS_FOLDER
    from kerasae.trials.make_executor import make_executor
    from kerasae.trials.sweeps import HALVING, read_sweep, run_sweep

    from .progress import TrialsProgress

    begun = read_sweep(saving.resume) if saving.resume is not None else None
    plan = _plan(begun.sweep if begun else None, given, architectures, hidden_dims)
    run_with = make_executor(executor, jobs, ray_address=ray_address, gpus_per_trial=gpus_per_trial)
    if early_stop not in (None, HALVING):
        raise InvalidSetting("early_stop", early_stop, HALVING)
    halving = early_stop == HALVING or (begun is not None and begun.halving)
    kept = _kept(keep)
    tracking.check()
    if dry_run:
        if begun is not None:
            raise InvalidSetting("dry_run", True, "none with --resume, of which a part is done")
        at_once = min(run_with.workers or cores(), cores())
        _reckon(plan, loading, at_once, kept, halving, as_json, quiet)
        return
    again = {
        "jobs": jobs,
        "executor": None if executor == "processes" else executor,
        "ray_address": ray_address,
        "gpus_per_trial": gpus_per_trial,
        "keep": keep if kept is not None else None,
    }
    with TrialsProgress(len(plan.trials()), silent=quiet) as progress:
        if saving.resume is None:
            data = loading.data(plan.base, progress.doing)
        else:
            data = loading.data_again(saving.resume, plan.base, progress.doing)
        judge = _judge(data, plan) if codes else None
        folder = saving.folder("sweep", data.title)
        progress.doing("fitting PCA, starting workers")
        with resumable("sweep", folder, loading, tracking, **again):
            result = run_sweep(
                plan,
                data,
                folder,
                executor=run_with,
                tensorboard=tracking.tensorboard,
                on_event=progress.show,
                resume=saving.resume is not None,
                keep=kept,
                halving=halving,
                command=command_line(),
            )
        # After the input was accepted: drawing takes a second to import.
        from kerasae.show.sweep_figure import save_sweep_figure
        from kerasae.show.sweep_table import finished, sweep_table

        page = None
        if finished(result.rows):
            save_sweep_figure(folder, result.rows, result.pca_mse, data.name)
            page = _page(folder, data, result)
        tables = [sweep_table(result.rows, result.pca_mse, plan.base.dataset)]
        if judge is not None:
            progress.doing("telling classes apart")
            tables.append(_add_codes(result, judge))
        if tracking.mlflow:
            from kerasae.show.mlflow_log import log_sweep

            log_sweep(folder)
    summary = {
        "folder": str(folder),
        "page": page and str(page),
        "results": result.rows,
        "errors": result.errors,
    }
    then = [
        ("runs", folder, "", "list the trials, the best first"),
        ("apply", folder / TRIALS_FOLDER / "NAME", "PICTURES --out DIR", "use one of them"),
        ("sweep --resume", folder, _more_dims(plan), "add trials"),
    ]
    print_result(as_json, summary, tables, folder, result.errors, page, then=() if quiet else then)


def _more_dims(plan: Sweep) -> str:
    """Names the latent dimensions of a sweep and one more; a resumed sweep keeps what it has."""
    dims = plan.latent_dims
    more = (min(dims) // 2, *dims) if min(dims) > 1 else (*dims, 2 * max(dims))
    return f"--latent-dims {','.join(map(str, more))}"


def _reckon(
    plan: Sweep,
    loading: o.Loading,
    at_once: int,
    kept: int | None,
    halving: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Prints what the sweep would take."""
    from kerasae.trials.reckoning import reckon, time_networks

    from .progress import doing

    with doing("loading data", silent=quiet) as say:
        data = loading.data(plan.base, say)
        say("timing a few steps")
        timings = time_networks(plan, data)
    found = reckon(plan, data, at_once, timings, keep=kept, halving=halving)
    rows = [
        ["trials", f"{found.trials:,}, {found.at_once:,} at once"],
        ["time", f"about {duration(found.seconds)}"],
        ["memory", f"about {size(found.memory_bytes)}"],
        ["disk", f"about {size(found.disk_bytes)}; at the end {size(found.left_bytes)}"],
    ]
    columns = [Column(""), Column("")]
    table = Table(f"A sweep of {data.title} would take", columns, rows, "nothing was written")
    print_result(as_json, dataclasses.asdict(found), [table])


def _judge(data: ImageData, plan: Sweep) -> CodeJudge:
    """Refuses images without classes before hours of training."""
    from kerasae.code_worth import CodeJudge

    return CodeJudge(data, plan.base.validation_split)


def _add_codes(result: SweepResult, judge: CodeJudge) -> Table:
    """Adds to the rows what the codes of each model that was kept are worth; and to a table."""
    from kerasae.show.codes_table import codes_table
    from kerasae.show.run_page import network_name

    rows = {row["trial"]: row for row in result.rows}
    worths: dict[str, list[CodeWorth]] = {}
    pca: dict[int, CodeWorth] = {}
    for run in (run for run in result.runs if run.has_model):
        dim = run.experiment.latent_dim
        ours, pca[dim] = judge.of_model(run.model), judge.of_pca(dim)
        worths.setdefault(network_name(run), []).append(ours)
        found = {"model": dataclasses.asdict(ours), "pca": dataclasses.asdict(pca[dim])}
        rows[run.name]["codes"] = found
    return codes_table(worths, pca)


def _page(folder: Path, data: ImageData, result: SweepResult) -> Path:
    """Writes the page about the sweep, and returns where it is."""
    from kerasae.files.whole_files import write_text
    from kerasae.runs.run_files import PAGE
    from kerasae.show.report_page import report_page
    from kerasae.show.runs_page import best_first, folder_page

    runs = best_first(folder, sorted(result.runs, key=lambda run: run.name))
    content = folder_page(runs, [], data, f"kerasae report {folder}", result.rows)
    write_text(folder / PAGE, report_page(content))
    return folder / PAGE


def _plan(
    begun: Sweep | None, given: Given, architectures: str | None, hidden_dims: list[str] | None
) -> Sweep:
    """Returns the grid: what was begun, with what the command line gave in its place."""
    lists: dict[str, Any] = {name: given.pop(name) for name in _LISTS if name in given}
    if architectures is not None or hidden_dims:
        lists["networks"] = networks(architectures, hidden_dims or [])
    if begun and None in begun.learning_rates and "learning_rates" in lists:
        # Each network keeps its own.
        lists["learning_rates"] = (None, *lists["learning_rates"])
    start = begun.base if begun else Experiment(given.get("dataset", Experiment.dataset))
    base = dataclasses.replace(start, **given)
    return dataclasses.replace(begun or Sweep(base), base=base, network_rates=None, **lists)


def _kept(keep: str) -> int | None:
    if keep in ("all", "best"):
        return None if keep == "all" else 1
    if keep.isdecimal() and int(keep) >= 1:
        return int(keep)
    raise InvalidSetting("keep", keep, "best, all or a whole number of at least 1")
