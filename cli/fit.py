"""`kerasae fit`."""

import dataclasses
from typing import Annotated

import typer

from kerasae.experiment import TRAINING, Experiment
from kerasae.presets import PRESETS, preset

from . import options as o
from .output import command_line, print_result
from .resuming import resumable
from .settings import Given, with_settings


@with_settings(Experiment)
def fit(
    given: Given,
    saving: o.Saving,
    loading: o.Loading,
    tracking: o.Tracking,
    preset_name: Annotated[
        str | None,
        typer.Option(
            "--preset", metavar="NAME", help=f"Settings to start from: {', '.join(PRESETS)}."
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=256,
            help="Threads to compute with; 1 gives bit-identical results anywhere. Default: all.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Train one autoencoder and compare it with PCA."""
    from kerasae.runs.run import Run

    begun = Run(saving.resume) if saving.resume is not None else None
    base = begun.experiment if begun else Experiment(given.get("dataset", Experiment.dataset))
    if preset_name:
        base = preset(preset_name)
    experiment = dataclasses.replace(base, **given)
    tracking.check()
    from kerasae.files.whole_files import write_text
    from kerasae.pca import fit_pca
    from kerasae.runs.fitting import check_begun, fit_into
    from kerasae.runs.run_files import PAGE
    from kerasae.show.report_page import report_page
    from kerasae.show.run_page import run_page
    from kerasae.show.run_table import run_table

    from .progress import EpochProgress

    with EpochProgress(silent=quiet) as progress:
        if begun:
            data = loading.data_of(begun, given, progress.doing)
        else:
            data = loading.data(experiment, progress.doing)
        folder = saving.folder("fit", data.title)
        experiment = check_begun(folder, experiment, data, begun, threads)
        progress.expect(experiment.pace.epochs)
        progress.doing("fitting PCA")
        part = data.parts(experiment.validation_split).train
        pca = fit_pca(part.images, experiment.latent_dim, part.rows)
        with resumable("fit", folder, loading, tracking, threads=threads):
            run = fit_into(
                folder,
                experiment,
                data,
                begun,
                pca=pca,
                on_epoch=progress.show,
                on_stage=progress.doing,
                tensorboard=tracking.tensorboard,
                threads=threads,
                command=command_line(),
            )
        progress.doing("drawing")
        page = folder / PAGE
        write_text(page, report_page(run_page(run, data, f"kerasae report {folder}", pca)))
        if tracking.mlflow:
            from kerasae.show.mlflow_log import log_run

            log_run(folder)
    summary = {"folder": str(folder), "page": str(page), **run.metrics}
    then = [
        ("apply", folder, "PICTURES --out DIR", "reconstruct pictures"),
        ("score", folder, "PICTURES", "find the odd ones"),
        ("export", folder, "--format onnx", "use it elsewhere"),
    ]
    print_result(as_json, summary, [run_table(run)], folder, page=page, then=() if quiet else then)
