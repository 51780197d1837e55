"""Prints the tables of the README and the docs from the committed results, as Markdown.

    python benchmarks/result_tables.py

`docs/results/` holds what these commands left: `results.csv` of the sweeps, and the
`reproduction.json` of all studies on both data sets, `deep30.json`, and benches: `bench-128.json`
and `bench-256.json` by batch size, `bench-avx512-bf16.json` by what that processor has, whose
times to a quality, measured by themselves, are in `quality-avx512-bf16.json`.

    kerasae sweep --dataset mnist --seeds 3 --validation-split 0
    kerasae sweep --dataset fashion_mnist --seeds 3 --validation-split 0
    kerasae reproduce
    python benchmarks/deep30.py --out runs --save docs/results/deep30.json
    kerasae anomaly --dataset mnist --seeds 3     # its study.json is anomaly-mnist-one-class.json
    kerasae bench --images 10000 --rounds 3 --json
    kerasae bench --images 10000 --rounds 2 --json --batch-size 256 --networks 784-1024-512-100
    kerasae bench --images 20000 --rounds 3 --json --dataset none

PyTorch was installed for the first of the benches (2.13) and the last (2.14), not for the second.
"""

from __future__ import annotations

import csv
import json
import statistics
from pathlib import Path
from typing import Any

from kerasae.reference import REPORT_LONG_RUN, REPORT_MSE
from kerasae.studies.denoisers import BASELINES
from kerasae.studies.denoising import LABELS

RESULTS = Path(__file__).parents[1] / "docs" / "results"
NETWORKS = {"basic": "basic 256", "extended": "extended 1024-512"}
TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}

# Sums of squared errors over the 784 pixels, means over the test images, as printed by Hinton &
# Salakhutdinov (2006) and, for 1,000 epochs from random weights, by Lucas et al. (2019, AggMo).
PUBLISHED_DEEP = (
    ("PCA, 30 dims (Hinton & Salakhutdinov 2006)", "–", 13.87),
    ("logistic PCA (the same)", "–", 8.01),
    ("Adam (Lucas et al. 2019)", "1,000 epochs", 3.72),
    ("Nesterov momentum (the same)", "1,000 epochs", 3.13),
    ("Hinton & Salakhutdinov 2006", "layer-wise pretraining", 3.00),
    ("AggMo (Lucas et al. 2019)", "1,000 epochs", 2.96),
)


def sweep_rows(dataset: str) -> list[dict[str, str]]:
    """Reads the three-seed sweep of a data set."""
    with (RESULTS / f"sweep-{dataset}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def studies() -> dict[str, Any]:
    """Reads what the studies found."""
    content: dict[str, Any] = json.loads((RESULTS / "reproduction.json").read_text())
    return content


def cell(rows: list[dict[str, str]], architecture: str, dim: int, key: str) -> list[float]:
    """Returns a score of one cell of a sweep for each seed."""
    return [
        float(row[key])
        for row in rows
        if row["architecture"] == architecture and row["latent_dim"] == str(dim)
    ]


def sweep_table(dataset: str) -> list[str]:
    """Sets a sweep beside PCA and the report."""
    rows = sweep_rows(dataset)
    lines = [
        f"| {TITLES[dataset]}, latent dim | {' | '.join(NETWORKS.values())} | PCA | "
        "report basic | report extended |",
        "|---|---|---|---|---|---|",
    ]
    for dim in REPORT_MSE[dataset]["basic"]:
        cells = []
        for name in NETWORKS:
            mse, psnr = (cell(rows, name, dim, key) for key in ("test_mse", "test_psnr"))
            spread = statistics.stdev(mse)
            cells.append(
                f"{statistics.fmean(mse):.5f} ± {spread:.5f} ({statistics.fmean(psnr):.2f} dB)"
            )
        pca = cell(rows, "basic", dim, "pca_test_mse")[0]
        report = [f"{values[dim]:.4f}" for values in REPORT_MSE[dataset].values()]
        lines.append(f"| {' | '.join([str(dim), *cells, f'{pca:.5f}', *report])} |")
    return lines


def overview_table() -> list[str]:
    """Sets both sweeps beside PCA and the report, without the spread."""
    lines = [
        f"| test MSE, latent dim | the report's best | PCA | {' | '.join(NETWORKS.values())} |",
        "|---|---|---|---|---|",
    ]
    for dataset, title in TITLES.items():
        rows = sweep_rows(dataset)
        for dim in REPORT_MSE[dataset]["basic"]:
            report = min(values[dim] for values in REPORT_MSE[dataset].values())
            pca = cell(rows, "basic", dim, "pca_test_mse")[0]
            means = [statistics.fmean(cell(rows, name, dim, "test_mse")) for name in NETWORKS]
            shown = [f"{report:.4f}", *(f"{value:.5f}" for value in (pca, *means))]
            lines.append(f"| {title}, {dim} | {' | '.join(shown)} |")
    return lines


def long_run_table() -> list[str]:
    """Sets the long training beside the report's."""
    results = studies()["results"]
    lines = ["| long training | report | ours |", "|---|---|---|"]
    for dataset, title in TITLES.items():
        summary = results[f"{dataset}-overfit"]
        report = REPORT_LONG_RUN[dataset]
        theirs = report.get("validation loss", report.get("loss"))
        lines.append(
            f"| {title}, {summary['epochs']} epochs, test MSE | {theirs:.4f} "
            f"| {summary['test_mse']:.5f} |"
        )
    return lines


def regularizer_table() -> list[str]:
    """Sets Lasso and Dropout, each at its best strength, beside neither and the report."""
    results = studies()["results"]
    lines = [
        "| regularizer | train MSE | val. MSE | gap | test MSE | near zero | active | report |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for dataset, title in TITLES.items():
        summary = results[f"{dataset}-regularize"]
        for name, row in summary["best"].items():
            strength = {"lasso": f"Lasso λ={row['l1']:g}", "dropout": f"Dropout {row['dropout']:g}"}
            scores = [f"{row[key]:.5f}" for key in ("train_mse", "val_mse", "gap", "test_mse")]
            report = f"{summary['report'][name]:.4f}" if summary["report"] else "–"
            sparsity = [f"{row['code_near_zero']:.1%}", f"{row['code_active_units']:.1f}"]
            cells = [f"{title}, {strength.get(name, name)}", *scores, *sparsity, report]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def learning_rate_table() -> list[str]:
    """Validation MSE by peak learning rate."""
    results = studies()["results"]
    searches = [results[f"{dataset}-learning-rate"] for dataset in TITLES]
    lines = [f"| peak learning rate | {' | '.join(TITLES.values())} |", "|---|---|---|"]
    for rows in zip(*(study["rates"] for study in searches), strict=True):
        cells = []
        for row, study in zip(rows, searches, strict=True):
            mark = "**" if row["learning_rate"] == study["best"] else ""
            cells.append(f"{mark}{row['val_mse']:.5f}{mark}")
        lines.append(f"| {rows[0]['learning_rate']:g} | {' | '.join(cells)} |")
    return lines


def deep_runs(preset: str) -> list[float]:
    """Reads the summed squared test error of `deep30` or `deep30-plain` for each seed."""
    rows = json.loads((RESULTS / "deep30.json").read_text())["runs"]
    return [row["test_mse"] * 784 for row in rows if row["preset"] == preset]


def deep_table() -> list[str]:
    """Sets the 784-1000-500-250-30 networks beside what others have published of them."""
    lines = ["| 784-1000-500-250-30, MNIST | uses | test error |", "|---|---|---|"]
    lines += [f"| {who} | {uses} | {error:.2f} |" for who, uses, error in PUBLISHED_DEEP]
    for preset, uses in (
        ("deep30-plain", "PCA start, weight decay 0.3, 60 epochs"),
        ("deep30", "PCA start, weight decay 0.1, shifts of a pixel, 200 epochs"),
    ):
        errors = deep_runs(preset)
        spread = f"± {statistics.stdev(errors):.2f}, {len(errors)} seeds"
        lines.append(
            f"| **ours, `{preset}`** | {uses} | **{statistics.fmean(errors):.2f}** {spread} |"
        )
    return lines


def speeds(bench: str) -> list[dict[str, Any]]:
    """Reads what a bench measured, by the end of its file's name."""
    content = json.loads((RESULTS / f"bench-{bench}.json").read_text())
    found: list[dict[str, Any]] = content["speeds"]
    return found


def speed_table(bench: str) -> list[str]:
    """Training speed of every way on every network."""
    lines = [
        "| network | way | images/s | GFLOP/s | of the limit | to plain `fit` |",
        "|---|---|---|---|---|---|",
    ]
    for speed in speeds(bench):
        images = f"{speed['images_per_second']:,.0f}" if speed["images_per_second"] else "–"
        lines.append(
            f"| {speed['network']} | {speed['way']} | {images} | {speed['gflops']:.0f} "
            f"| {speed['of_limit']:.0%} | {speed['of_plain_fit']:.2f} |"
        )
    return lines


def speed_summary(bench: str) -> list[str]:
    """Images per second of the ways that a user chooses from, each in its faster precision."""
    lines = [
        "| network | plain `fit` | `fit`, jit-compiled | PyTorch, the faster "
        "| `kerasae fit` | `kerasae sweep` |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    ways = (
        ("fit",), ("fit, jit, 100 steps a call",), ("torch eager", "torch.compile"),
        ("kerasae, all threads",), ("kerasae, 1 process per core",),
    )  # fmt: skip
    rows = speeds(bench)
    for network in dict.fromkeys(row["network"] for row in rows):
        rates = {row["way"]: row["images_per_second"] for row in rows if row["network"] == network}
        fastest = [
            max(rates.get(f"{name}{end}", 0.0) for name in names for end in ("", ", bfloat16"))
            for names in ways
        ]
        lines.append(f"| {network} | {' | '.join(f'{rate:,.0f}' for rate in fastest)} |")
    return lines


def quality_table(bench: str) -> list[str]:
    """Seconds and epochs until a network is as good as plain `fit` makes it."""
    lines = [
        "| network | test MSE | way | seconds | epochs | MSE then |",
        "|---|---|---|---|---|---|",
    ]
    content = json.loads((RESULTS / f"quality-{bench}.json").read_text())
    for row in content["qualities"]:
        seconds = f"{row['seconds']:.1f}" if row["seconds"] is not None else "–"
        lines.append(
            f"| {row['network']} | {row['target']:.5f} | {row['way']} | {seconds} "
            f"| {row['epochs']} | {row['test_mse']:.5f} |"
        )
    return lines


def anomaly_results(dataset: str, protocol: str) -> dict[str, Any]:
    path = RESULTS / f"anomaly-{dataset}-{protocol}.json"
    results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["results"]
    return results


def anomaly_table(dataset: str, protocol: str) -> list[str]:
    found = anomaly_results(dataset, protocol)
    classes, mean = found["classes"], found["mean"]
    seeds = f"{found['seeds']} seed{'s' if found['seeds'] > 1 else ''}"
    lines = [
        f"| {TITLES[dataset]}, {protocol}, {seeds} | mean | {' | '.join(classes)} |",
        "|---|---|" + "---|" * len(classes),
    ]
    for name, value in mean["auroc"].items():
        bold = "**" if name == found["score"] else ""
        spread = f" ± {mean['sd'][name]:.4f}" if name in mean["sd"] else ""
        hundredths = [f"{100 * one['auroc'][name]:.1f}" for one in classes.values()]
        lines.append(f"| {name} | {bold}{value:.4f}{spread}{bold} | {' | '.join(hundredths)} |")
    return lines


def denoising_table() -> list[str]:
    """PSNR of every method, on both data sets, raw and clipped."""
    results = studies()["results"]
    columns = [
        (f"{title}, {name}", results[f"{dataset}-{study}"])
        for dataset, title in TITLES.items()
        for study, name in (("denoise", "raw"), ("denoise-clipped", "clipped"))
    ]
    lines = [
        f"| PSNR in dB, σ = 0.6 | {' | '.join(title for title, _ in columns)} |",
        "|---|---|---|---|---|",
    ]
    for name in ("noisy", *BASELINES, "denoised"):
        cells = [f"{scores[f'{name}_psnr']:.2f}" for _, scores in columns]
        lines.append(f"| {LABELS[name]} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    for table in (
        overview_table(), sweep_table("mnist"), sweep_table("fashion_mnist"),
        long_run_table(), denoising_table(),
        regularizer_table(), learning_rate_table(), deep_table(),
        *(speed_table(bench) for bench in ("128", "256", "avx512-bf16")),
        *(speed_summary(bench) for bench in ("128", "avx512-bf16")),
        quality_table("avx512-bf16"),
        *(anomaly_table(*path.stem.split("-", 2)[1:])
          for path in sorted(RESULTS.glob("anomaly-*.json"))),
    ):  # fmt: skip
        print("\n".join(table), end="\n\n")


if __name__ == "__main__":
    main()
