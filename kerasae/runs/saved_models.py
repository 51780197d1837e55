"""Opening a trained autoencoder for use: a run's folder, or a `.keras` file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kerasae.errors import InvalidSetting, ModelFileError
from kerasae.experiment import Experiment
from kerasae.image_model import ImageModel
from kerasae.runs.run import Run
from kerasae.safety.model_files import load_model_safely

if TYPE_CHECKING:
    import keras


def open_run(path: str | os.PathLike[str], *, trust: bool = False) -> Run:
    """Opens the folder of a run, or a `.keras` file, that holds an autoencoder.

    A run's folder is read by our own builders; a file passes the checks of
    `load_model_safely`.

    Args:
        path: The folder or the file.
        trust: Whether a file may hold layers outside the allowlist, whose code then runs.
            A run's folder has no use for it.

    Returns:
        The `Run`. That of a file has no folder and `Experiment`'s defaults, for a file does not
        tell its settings.

    Raises:
        ArtifactError: If the folder is not that of a finished run.
        ModelFileError: If the file is refused, or its model does not make as many numbers of
            one input as it takes; see `image_model.ImageModel`.
    """
    # Unlike Path.is_dir, it is no error for a name that no file can have.
    if os.path.isdir(path):
        run = Run(path)
        run.model  # noqa: B018
        return run
    model = load_model_safely(path, trust=trust)
    try:
        ImageModel(model)
    except InvalidSetting as error:
        raise ModelFileError(f"{os.fspath(path)}: {error}") from None
    return Run.of(experiment=Experiment(), model=model)


def open_model(path: str | os.PathLike[str], *, trust: bool = False) -> keras.Model:
    """Opens the model of a run's folder, or of a `.keras` file; see `open_run`.

    Args:
        path: The folder or the file.
        trust: Whether a file may hold layers outside the allowlist, whose code then runs.

    Returns:
        The model, not compiled; a run's is from images in [0, 1] to the same shape.

    Raises:
        ArtifactError: If the folder is not that of a finished run.
        ModelFileError: If the file is refused, or its model does not make as many numbers of
            one input as it takes; see `image_model.ImageModel`.

    Example:

    >>> open_model("missing.keras")
    Traceback (most recent call last):
        ...
    kerasae.errors.ModelFileError: missing.keras: cannot be read (No such file or directory); \
name the folder of a run, or a .keras file
    """
    return open_run(path, trust=trust).model
