"""A finished run: its settings, history, scores and model, read when they are asked for."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasae.data.image_data import ImageData, short_name
from kerasae.data.picture_parts import Listed
from kerasae.errors import ArtifactError, KerasAEError
from kerasae.experiment import Experiment
from kerasae.files.owned_folder import check_empty
from kerasae.files.whole_files import save_with, write_csv, write_json
from kerasae.html_table import html_table
from kerasae.runs.keras_file import save_keras
from kerasae.runs.picture_list import read_pictures, write_pictures
from kerasae.runs.reading import load_run, read_experiment, read_history, read_metrics
from kerasae.runs.record import RunRecord, read_record
from kerasae.runs.run_files import EXPERIMENT, HISTORY, METRICS, MODEL, RUN

if TYPE_CHECKING:
    import keras

_PARTS = ("train", "val", "test")


class Run:
    """A finished run.

    Args:
        folder: Its folder, of which nothing is read before it is asked for; `None` for a run in
            memory, see `Run.of`.

    Attributes:
        data: The images, where it was trained on arrays by this process; else `None`.

    Example:

    >>> Run("missing").experiment
    Traceback (most recent call last):
        ...
    kerasae.errors.ArtifactError: missing: is not a folder; choose the folder of a finished run
    """

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        # A path is not taken apart again, which thousands of runs would feel.
        self.folder = folder if folder is None or isinstance(folder, Path) else Path(folder)
        self.data: ImageData | None = None

    @classmethod
    def of(cls, folder: str | os.PathLike[str] | None = None, **known: Any) -> Run:
        """Makes a run of what is known of it already.

        Args:
            folder: Where the rest can be read, or `None`.
            known: `experiment`, `history`, `metrics`, `model`, `record` and `pictures`, or some of
                them.
        """
        run = cls(folder)
        # What a cached property has is not read.
        vars(run).update(known)
        return run

    def __repr__(self) -> str:
        return f"Run({self.name!r})"

    def _repr_html_(self) -> str | None:
        """Its scores as a table, for notebooks; nothing where they cannot be read."""
        try:
            experiment, metrics = self.experiment, self.metrics
        except KerasAEError:
            return None
        widths = "-".join(map(str, (*experiment.hidden_dims, experiment.latent_dim)))
        parts = [part for part in _PARTS if metrics.get(f"{part}_mse") is not None]
        names = ("{}_mse", "pca_{}_mse", "{}_psnr", "pca_{}_psnr")
        rows = [[part, *(metrics.get(name.format(part)) for name in names)] for part in parts]
        caption = f"{self.name}: {short_name(experiment.dataset)}, {widths}"
        return html_table(caption, ["part", "MSE", "PCA", "PSNR (dB)", "PCA"], rows)

    @property
    def name(self) -> str:
        """The name of its folder."""
        return "in memory" if self.folder is None else self.folder.name

    @property
    def place(self) -> Path:
        """Its folder.

        Raises:
            ArtifactError: If it has none.
        """
        if self.folder is None:
            raise ArtifactError("this run is in memory only; save it with run.save(folder)")
        return self.folder

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes it to a folder.

        Args:
            folder: A new or empty folder, where its files are then.

        Raises:
            ArtifactError: If it is not empty or cannot be written.
        """
        place = Path(folder)
        if place.is_dir():
            check_empty(place)
        self.write(place)

    def write(self, place: Path) -> None:
        """Writes it beside what there is; `metrics.json` comes last: a run that has it is whole."""
        write_json(place / EXPERIMENT, self.experiment.to_dict())
        write_csv(place / HISTORY, list(self.history[0]), self.history)
        save_with(place / MODEL, lambda path: save_keras(self.model, path))
        if (record := vars(self).get("record")) is not None:
            write_json(place / RUN, record.to_dict())
            write_pictures(place, self.pictures)
        write_json(place / METRICS, self.metrics)
        self.folder = place

    @functools.cached_property
    def experiment(self) -> Experiment:
        """Its settings; see `reading.read_experiment`."""
        return read_experiment(self.place)

    @functools.cached_property
    def history(self) -> list[dict[str, float]]:
        """Its logs, a row per epoch; see `reading.read_history`."""
        return read_history(self.place)

    @functools.cached_property
    def metrics(self) -> dict[str, Any]:
        """Its final scores and times; see `evaluation.run_metrics` and `train.Trained`."""
        return read_metrics(self.place)

    @functools.cached_property
    def model(self) -> keras.Model:
        """The trained model, not compiled; see `reading.load_run`."""
        return load_run(self.place, self.experiment)

    @functools.cached_property
    def record(self) -> RunRecord | None:
        """What it was made of; `None` where that is not known. See `record.read_record`."""
        return None if self.folder is None else read_record(self.folder)

    @functools.cached_property
    def pictures(self) -> Sequence[Listed]:
        """The pictures that it was trained and tested on; see `picture_list.read_pictures`."""
        return () if self.folder is None else read_pictures(self.folder)

    @property
    def has_model(self) -> bool:
        """Whether its model was kept."""
        return "model" in vars(self) or (self.place / MODEL).is_file()

    @property
    def of_pca(self) -> float | None:
        """Its test error as a share of PCA's; `None` where one of them is not known."""
        ours, pca = (self.metrics.get(name) for name in ("test_mse", "pca_test_mse"))
        if isinstance(ours, int | float) and isinstance(pca, int | float) and pca:
            return ours / pca
        return None

    def report(
        self, path: str | os.PathLike[str] | None = None, *, data: ImageData | None = None
    ) -> Path:
        """Writes the page about it, and returns where it is; see `kerasae.report`."""
        import kerasae

        return kerasae.report(self, path, data=data)

    def settings(self) -> dict[str, Any]:
        """Its settings as plain JSON values, with its `architecture`."""
        return {"architecture": self.experiment.architecture, **self.experiment.to_dict()}

    def values(self) -> dict[str, Any]:
        """Settings and scores together."""
        return {**self.settings(), **self.metrics}
