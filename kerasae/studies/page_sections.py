"""The sections of the reproduction's page, one kind for each study of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerasae.reference import REPORT_LONG_RUN, REPORT_MSE, REPORT_REGULARIZATION
from kerasae.show.report_page import PageFigure, PageSection, PageTable
from kerasae.studies.denoisers import BASELINES
from kerasae.studies.denoising import LABELS

Summary = Mapping[str, Any]

# Whose figures of the report stand beside a data set that the report does not have.
REPORT_OF = {"mnist5k": "mnist"}
_TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "mnist5k": "5,000 MNIST digits"}
_REPORT_RATE = "10e-3"


def title_of(dataset: str) -> str:
    """Returns a data set's name as its authors write it.

    Example:

    >>> title_of("fashion_mnist")
    'Fashion-MNIST'
    """
    return _TITLES.get(dataset, dataset)


def sweep_section(dataset: str, summary: Summary, figures: Sequence[str]) -> PageSection:
    """Tables 1 and 2 of the report: which network, and how large a code."""
    report = REPORT_MSE[REPORT_OF.get(dataset, dataset)]
    rows = summary["rows"]
    networks = list(dict.fromkeys((row["architecture"], row["hidden_dims"]) for row in rows))
    cells = {(row["hidden_dims"], row["latent_dim"]): row for row in rows}
    table: PageTable = {
        "caption": f"{title_of(dataset)}: test MSE by latent dimension",
        "columns": [
            "latent dim",
            *(f"report, {name}" for name in report),
            *(f"ours, {name} {widths}" for name, widths in networks),
            "PCA, clipped",
        ],
        "rows": [
            [
                dim,
                *(values.get(int(dim)) for values in report.values()),
                *(
                    cells[widths, int(dim)]["test_mse"] if (widths, int(dim)) in cells else None
                    for _, widths in networks
                ),
                pca,
            ]
            for dim, pca in summary["pca_test_mse"].items()
        ],
        "compare": list(range(1, len(report) + len(networks) + 2)),
        "note": (
            f"The mean training image as the answer to everything costs "
            f"{summary['mean_image_test_mse']:.4f}."
        ),
    }
    won = sum(row["test_mse"] <= row["pca_test_mse"] for row in rows)
    epochs = rows[0]["epochs"] if rows else 0
    words = [
        f"After {epochs} epochs, {won} of our {len(rows)} networks are better than PCA with as "
        "many dimensions. They begin at PCA: a linear path from the image to the code and back, "
        "started at the principal components, runs beside the stack, which has to learn only "
        "what PCA cannot do."
    ]
    return {
        "title": f"{title_of(dataset)}: architectures and latent dimensions",
        "paragraphs": words,
        "tables": [table],
        "figures": [_figure(name, dataset) for name in figures],
    }


def learning_rate_section(dataset: str, summary: Summary, figures: Sequence[str]) -> PageSection:
    """The choice of the learning rate."""
    table: PageTable = {
        "caption": f"{title_of(dataset)}: MSE by peak learning rate",
        "columns": ["learning rate", "validation MSE", "test MSE"],
        "rows": [
            [f"{row['learning_rate']:g}", row["val_mse"], row["test_mse"]]
            for row in summary["rates"]
        ],
    }
    where = "at the edge of" if summary["at_edge"] else "inside"
    words = [
        f"The report chose {_REPORT_RATE} (0.01) and does not say among which. By the validation "
        f"images ours is {summary['best']:g}, {where} the range that was tried, as the peak of a "
        "warm-up and cosine schedule."
    ]
    return {
        "title": f"{title_of(dataset)}: learning rate",
        "paragraphs": words,
        "tables": [table],
        "figures": [_figure(name, dataset) for name in figures],
    }


def overfit_section(dataset: str, summary: Summary, figures: Sequence[str]) -> PageSection:
    """The long training: does the network overfit?"""
    report = REPORT_LONG_RUN[REPORT_OF.get(dataset, dataset)]
    theirs = {"loss": None, "training loss": None, "validation loss": None, **report}
    table: PageTable = {
        "caption": f"{title_of(dataset)}: {summary['epochs']} epochs, MSE",
        "columns": ["", "report", "ours"],
        "rows": [
            ["training", theirs["training loss"] or theirs["loss"], summary["train_mse"]],
            ["validation", theirs["validation loss"], summary["val_mse"]],
            ["test", None, summary["test_mse"]],
            ["PCA, test", None, summary["pca_test_mse"]],
        ],
    }
    last = summary["best_epoch"] == summary["epochs"]
    best = "in the last epoch" if last else f"in epoch {summary['best_epoch']}"
    words = [
        f"Validation was best {best}; in the end it lies {summary['gap']:.5f} above training. "
        "The report calls such a gap poor generalization. The validation error never turned up "
        "for good: a gap alone costs nothing, only a rising curve does."
        if summary["val_mse"] <= 1.05 * summary["best_val_mse"]
        else f"Validation was best {best} and got worse after it: this network overfits."
    ]
    return {
        "title": f"{title_of(dataset)}: long training",
        "paragraphs": words,
        "tables": [table],
        "figures": [_figure(name, dataset) for name in figures],
    }


def regularization_section(dataset: str, summary: Summary, figures: Sequence[str]) -> PageSection:
    """Table 3 of the report: Lasso, Dropout, neither."""
    best = summary["best"]
    names = {
        "none": "none",
        "lasso": f"Lasso, λ = {best['lasso']['l1']:g}",
        "dropout": f"Dropout {best['dropout']['dropout']:g}",
    }
    table: PageTable = {
        "caption": f"{title_of(dataset)}: regularizers at their best strength",
        "columns": [
            "", "report (MNIST)", "train MSE", "validation MSE", "gap", "test MSE", "PSNR, dB",
            "near-zero activations", "active units",
        ],
        "rows": [
            [
                names[key], f"{REPORT_REGULARIZATION[key]:.4f}", row["train_mse"], row["val_mse"],
                row["gap"], row["test_mse"], f"{row['test_psnr']:.2f}",
                f"{row['code_near_zero']:.1%}", f"{row['code_active_units']:.1f}",
            ]
            for key, row in best.items()
        ],
        "note": "MSE without the penalty, Dropout off, equally many epochs for all.",
    }  # fmt: skip
    words = [
        f"Chosen on the validation images, the best Lasso "
        f"{'is at least as good as' if summary['lasso_helps'] else 'does not reach'} no "
        f"regularizer, and the best Dropout "
        f"{'is at least as good' if summary['dropout_helps'] else 'does not reach it'}. "
        "The search shows how the error rises with stronger ones.",
        "The report's 0.9259 for Dropout is no error of a regularized network on pixels in "
        "[0, 1], where an image of zeros costs 0.11. It is what an output of zeros costs on "
        "pixels scaled to [-1, 1]: docs/dropout-figure.md shows how one gets there.",
    ]
    return {
        "title": f"{title_of(dataset)}: Lasso and Dropout",
        "paragraphs": words,
        "tables": [table],
        "figures": [_figure(name, dataset) for name in figures],
    }


def denoising_section(dataset: str, summary: Summary, figures: Sequence[str]) -> PageSection:
    """Denoising, beside the classical methods."""
    levels = summary["levels"]
    clipped = ", clipped to [0, 1]" if levels[0]["clip"] else ""
    table: PageTable = {
        "caption": f"{title_of(dataset)}: PSNR in dB over {summary['test_images']:,} test images",
        "columns": ["", *(f"σ = {level['sigma']:g}{clipped}" for level in levels)],
        "rows": [
            [LABELS[name], *(level[f"{name}_psnr"] for level in levels)]
            for name in ("noisy", *BASELINES, "denoised")
        ],
        "decimals": 2,
    }
    gain = levels[0]["denoised_psnr"] - levels[0]["linear_psnr"]
    words = [
        f"The autoencoder is {gain:.1f} dB above the best that any linear method can do, and sees "
        "fresh noise in every batch. The report prints the PSNR on its pictures only; no figure "
        "of it can be set beside these."
    ]
    return {
        "title": f"{title_of(dataset)}: denoising{clipped}",
        "paragraphs": words,
        "tables": [table],
        "figures": [_figure(name, dataset) for name in figures],
    }


_ALT = {
    "sweep": (
        "Test MSE against the latent dimension for each network, PCA and the report",
        "Error against the latent dimension, both axes logarithmic.",
    ),
    "reconstructions": (
        "Eight test images, and what PCA and the networks make of them, each with its PSNR",
        "The first test images and their reconstructions, with the PSNR of each.",
    ),
    "learning-rate": (
        "Validation MSE against the learning rate, and over the epochs for each rate",
        "Validation error by learning rate, and its curves.",
    ),
    "overfit": (
        "Training and validation MSE over the epochs, with the gap between them",
        "Training and validation error over the epochs.",
    ),
    "regularize": (
        "Training and validation MSE against the strength of Lasso and of Dropout",
        "Error against the strength of each regularizer.",
    ),
}


def _figure(name: str, dataset: str) -> PageFigure:
    stem = name.rsplit("/", 1)[-1].removesuffix(".svg")
    alt, caption = _ALT.get(
        stem,
        (
            "Test images, the same with noise, and denoised, each with its PSNR",
            "The first test images, noisy and denoised, with the PSNR of each.",
        ),
    )
    return {"file": name, "caption": caption, "alt": f"{title_of(dataset)}: {alt}"}
