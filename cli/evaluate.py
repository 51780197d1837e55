"""`kerasae evaluate`."""

import dataclasses
from typing import Annotated, Any

import typer

from kerasae.show.table import Cell, Column, Table

from . import options as o
from .output import print_result
from .settings import Given, with_settings


@with_settings(only=("dataset", "image_size", "grayscale", "validation_split"))
def evaluate(
    model: o.ImageModelOptions,
    given: Given,
    loading: o.Loading,
    code_layer: o.CodeLayer = None,
    codes: Annotated[
        bool, typer.Option("--codes", help="Also measure how well the codes tell classes apart.")
    ] = False,
    as_json: o.AsJson = False,
) -> None:
    """Compare a model with PCA, in MSE, PSNR and SSIM."""
    from kerasae.evaluation import evaluate as scores_of

    from .progress import doing

    with doing("loading the model") as say:
        run = model.open()
        experiment = dataclasses.replace(run.experiment, **given)
        say("loading data")
        data = loading.data_of(run, given, say)
        say("scoring")
        used = model.used(run, code_layer)
        scores = scores_of(used, data, experiment).to_dict()
        tables = [_table(scores, f"{model.path} on {data.name}")]
        if codes:
            from kerasae.code_worth import CodeJudge
            from kerasae.show.codes_table import codes_table

            say("telling classes apart")
            judge = CodeJudge(data, experiment.validation_split)
            ours, pca = judge.of_model(used), judge.of_pca(scores["latent_dim"])
            scores["codes"] = {"model": dataclasses.asdict(ours), "pca": dataclasses.asdict(pca)}
            tables.append(codes_table({"the model": [ours]}, {scores["latent_dim"]: pca}))
    then = [("latent", model.path, "", "draw its codes")]
    print_result(as_json, {"path": model.path, "dataset": data.name, **scores}, tables, then=then)


def _table(scores: dict[str, Any], title: str) -> Table:
    ours = {name: (part, "") for name, part in scores["model"].items()}
    pca = {f"PCA {scores['latent_dim']}, {k}": (part, "dim") for k, part in scores["pca"].items()}
    # Images smaller than its window have none.
    known = any(part["ssim"] is not None for part in scores["model"].values())
    rows = []
    for label, (part, mark) in {**ours, **pca}.items():
        values = [label, f"{part['images']:,}", part["mse"], part["psnr"]]
        rows.append([Cell(value, mark) for value in (*values, *([part["ssim"]] * known))])
    columns = [Column(""), Column("images"), Column("MSE", ".5f"), Column("PSNR (dB)", ".2f")]
    columns += [Column("SSIM", ".4f")] * known
    return Table(title, columns, rows, "SSIM of at most 10,000 images each" if known else "")
