"""Writes what README and docs print as cells that `kerasae verify --published` trains again.

    python benchmarks/published.py

They are taken from `docs/results/`, whose tables are those of `result_tables.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from result_tables import NETWORKS, RESULTS, TITLES, cell, studies, sweep_rows

from kerasae.experiment import ARCHITECTURES, Experiment
from kerasae.presets import preset
from kerasae.reference import REPORT_DIMS

TARGET = Path(__file__).parents[1] / "kerasae" / "studies" / "published.json"
Cells = dict[str, dict[str, Any]]


def cells() -> Cells:
    """Returns the cells by their names."""
    found: Cells = {}
    for dataset in TITLES:
        found |= _of_sweep(dataset)
    for dataset in TITLES:
        found |= _of_studies(dataset)
    rows = json.loads((RESULTS / "deep30.json").read_text())["runs"]
    for name in ("deep30-plain", "deep30"):
        values = [row["test_mse"] for row in rows if row["preset"] == name]
        found[name] = _cell(preset(name).to_dict(), "test_mse", values)
    return found


def _of_sweep(dataset: str) -> Cells:
    rows = sweep_rows(dataset)
    return {
        f"{dataset} sweep {name} {dim}": _cell(
            {
                "dataset": dataset,
                "hidden_dims": list(ARCHITECTURES[name]),
                "latent_dim": dim,
                "learning_rate": cell(rows, name, dim, "learning_rate")[0],
                "epochs": int(cell(rows, name, dim, "epochs")[0]),
                "validation_split": 0.0,
            },
            "test_mse",
            cell(rows, name, dim, "test_mse"),
        )
        for name in NETWORKS
        for dim in REPORT_DIMS
    }


def _of_studies(dataset: str) -> Cells:
    content = studies()
    results, base = (
        {name.removeprefix(f"{dataset}-"): one for name, one in content[key].items() if dataset in
         name.partition("-")[0].split()}
        for key in ("results", "settings")
    )  # fmt: skip
    settings = {name: one["base"] for name, one in base.items()}
    found = {
        f"{dataset} overfit": _cell(
            settings["overfit"], "test_mse", [results["overfit"]["test_mse"]]
        )
    }
    for name, row in results["regularize"]["best"].items():
        own = {**settings["regularize"], "l1": row["l1"], "dropout": row["dropout"]}
        found[f"{dataset} regularize {name}"] = _cell(own, "test_mse", [row["test_mse"]])
    for row in results["learning-rate"]["rates"]:
        rate = row["learning_rate"]
        own = {**settings["learning-rate"], "learning_rate": rate}
        found[f"{dataset} learning-rate {rate:g}"] = _cell(own, "val_mse", [row["val_mse"]])
    for name in ("denoise", "denoise-clipped"):
        psnr = results[name]["denoised_psnr"]
        found[f"{dataset} {name}"] = _cell(settings[name], "test_psnr", [psnr])
    return found


def _cell(settings: dict[str, Any], score: str, values: list[float]) -> dict[str, Any]:
    defaults = Experiment().to_dict()
    own = {
        name: value
        for name, value in settings.items()
        if name == "dataset" or (name != "seed" and value != defaults[name])
    }
    return {"settings": own, "score": score, "values": values}


if __name__ == "__main__":
    TARGET.write_text(json.dumps(cells(), indent=1) + "\n", encoding="utf-8")
