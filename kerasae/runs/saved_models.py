"""Opening a trained autoencoder for use: a run's folder, or a `.keras` file."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from kerasae.errors import ModelFileError
from kerasae.experiment import Experiment
from kerasae.runs.reading import load_run, read_experiment
from kerasae.safety.model_files import load_model_safely

if TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True)
class SavedModel:
    """A trained autoencoder that was saved.

    Args:
        path: Where it was found: a run's folder or a `.keras` file.
        model: The model, not compiled, from images in [0, 1] to the same shape.
        experiment: The settings of the run; `None` for a file, which does not tell them.
    """

    path: Path
    model: keras.Model
    experiment: Experiment | None

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image: `(height, width)` or `(height, width, channels)`."""
        return tuple(self.model.input_shape[1:])


def open_model(path: str | Path, *, trust: bool = False) -> SavedModel:
    """Opens the folder of a run, or a `.keras` file, that holds an autoencoder.

    A run's folder is read by our own builders; a file goes through the gate of
    `load_model_safely`.

    Args:
        path: The folder or the file.
        trust: Whether a file may hold layers outside the allowlist, whose code then runs.
            A run's folder has no use for it.

    Returns:
        The `SavedModel`.

    Raises:
        ArtifactError: If the folder is not that of a finished run.
        ModelFileError: If the file is refused, or its model is not an autoencoder of images.

    Example:

    >>> open_model("missing.keras")
    Traceback (most recent call last):
        ...
    kerasae.errors.ModelFileError: missing.keras: cannot be read (No such file or directory); \
name the folder of a run, or a .keras file
    """
    # Unlike Path.is_dir, it is no error for a name that no file can have.
    if os.path.isdir(path):
        return SavedModel(Path(path), load_run(path), read_experiment(path))
    model = load_model_safely(path, trust=trust)
    _check_autoencoder(path, model)
    return SavedModel(Path(path), model, None)


def _check_autoencoder(path: str | Path, model: keras.Model) -> None:
    given, made = model.input_shape, model.output_shape
    fixed = isinstance(given, tuple) and len(given) in (3, 4) and None not in given[1:]
    if not fixed or made != given:
        raise ModelFileError(
            f"{path}: maps the shape {given} to {made}; expected an autoencoder from "
            f"(None, height, width) or (None, height, width, channels) to the same"
        )
