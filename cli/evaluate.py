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
            from kerasae.code_worth import code_worth

            say("telling classes apart")
            worth = code_worth(used, data, experiment)
            scores["codes"] = {name: dataclasses.asdict(one) for name, one in worth.items()}
            tables.append(_codes_table(scores))
    then = [("latent", model.path, "", "draw its codes")]
    print_result(as_json, {"path": model.path, "dataset": data.name, **scores}, tables, then=then)


def _codes_table(scores: dict[str, Any]) -> Table:
    titles = {"model": "the model", "pca": f"PCA {scores['latent_dim']}"}
    rows = [[Cell(value, "dim" if name == "pca" else "") for value in (title, *one.values())]
            for name, title in titles.items()
            for one in [scores["codes"][name]]]  # fmt: skip
    columns = [Column("codes of"), Column("5 nearest", ".4f"), Column("linear", ".4f")]
    columns.append(Column("purity", ".4f"))
    note = "accuracy on the test images; purity of as many clusters as classes"
    return Table("How well the codes tell classes apart", columns, rows, note)


def _table(scores: dict[str, Any], title: str) -> Table:
    ours = {name: (part, "") for name, part in scores["model"].items()}
    pca = {f"PCA {scores['latent_dim']}, {k}": (part, "dim") for k, part in scores["pca"].items()}
    rows = []
    for label, (part, mark) in {**ours, **pca}.items():
        values = (label, f"{part['images']:,}", part["mse"], part["psnr"], part["ssim"])
        rows.append([Cell(value, mark) for value in values])
    columns = [Column(""), Column("images"), Column("MSE", ".5f")]
    columns += [Column("PSNR (dB)", ".2f"), Column("SSIM", ".4f")]
    return Table(title, columns, rows, "SSIM of at most 10,000 images each")
