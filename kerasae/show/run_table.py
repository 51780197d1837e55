"""The scores of a run, with PCA's beside them."""

from kerasae.data.image_data import short_name
from kerasae.runs.run import Run
from kerasae.show.beside_pca import LEGEND, pca_mark
from kerasae.show.counts import counted
from kerasae.show.table import Cell, Column, Table


def run_table(run: Run) -> Table:
    """Lays out the MSE and PSNR of each part.

    Args:
        run: The run.

    Returns:
        The table; `▼` marks a test error above PCA's on the same input, `≈` one that is level
        with it.
    """
    experiment, metrics = run.experiment, run.metrics
    widths = "-".join(map(str, (*experiment.hidden_dims, experiment.latent_dim)))
    tested, pca_mse = metrics["test_mse"], metrics.get("pca_test_mse")
    mark = ""
    if tested is not None and pca_mse is not None:
        mark = pca_mark(tested, pca_mse, [metrics])
    rows: list[list[object]] = [
        [
            Cell(label, mark if part == "test" else ""),
            metrics[f"{part}_mse"],
            metrics[f"{part}_psnr"],
        ]
        for label, part in (("train", "train"), ("validation", "val"), ("test", "test"))
        if metrics[f"{part}_mse"] is not None
    ]
    # A run of an older version does not know PCA's.
    for label, part in (("test", "test"), ("validation", "val")):
        if (pca_mse := metrics.get(f"pca_{part}_mse")) is not None:
            decibels = metrics.get(f"pca_{part}_psnr")
            known = None if decibels is None else Cell(decibels, "dim")
            rows.append([Cell(f"PCA, {label}", "dim"), Cell(pca_mse, "dim"), known])
            break
    # Compiling and scoring are no part of the rate.
    trained = f"{counted(metrics['epochs'], 'epoch')} in {metrics['train_seconds']:.1f} s"
    rate = f"{metrics['images_per_second']:,.0f} images/s"
    note = f"{trained} ({rate}), {metrics['seconds']:.1f} s in all"
    note += _kept(metrics.get("best_epoch"), metrics["epochs"])
    if mark:
        note += f"\n{LEGEND[mark]}; the page says what to try"
    columns = [Column(""), Column("MSE", "#.4g"), Column("PSNR (dB)", ".2f")]
    title = f"{short_name(experiment.dataset)}, {experiment.architecture} {widths}"
    return Table(title, columns, rows, note)


def _kept(best: int | None, epochs: int) -> str:
    """Says which epoch was kept, where that is not the last."""
    if best is None or best == epochs:
        return ""
    return (
        f"; epoch {best} was kept" if best else "; the start was kept: no epoch was clearly better"
    )
