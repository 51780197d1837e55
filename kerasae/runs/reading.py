"""Reading back what a run left, by our own builders; nothing in its files is deserialized."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import math
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kerasae.errors import ArtifactError, InvalidSetting
from kerasae.experiment import Experiment, as_recorded
from kerasae.files.bounded_json import parse_json
from kerasae.files.local_files import Refused, WrongShape, read_local, refusing
from kerasae.files.shapes import fields_of, read_shape
from kerasae.files.whole_files import read_json
from kerasae.model_parts import CENTRE
from kerasae.recorded_scores import Scores, read_epochs, read_scores
from kerasae.runs.run_files import EXPERIMENT, HISTORY, METRICS, MODEL, TRIALS
from kerasae.runtime import start_tensorflow
from kerasae.safety.model_files import WEIGHTS, extract_weights, read_config

if TYPE_CHECKING:
    import keras

_MOST_BYTES = 1 << 16
_MOST_HISTORY = 1 << 24  # bytes
_MOST_DEPTH = 4
_MOST_PIXELS = 1 << 24
# Settings, which no score is called; a run may have had fewer epochs than its settings say.
_NO_SCORES = {"architecture", *Experiment().to_dict()} - {"epochs"}
_ADVICE = "choose the folder of a finished run"


def read_experiment(folder: str | Path) -> Experiment:
    """Reads the settings of a run, and checks them like those that are given in code.

    Args:
        folder: The run's folder, not a symbolic link.

    Returns:
        The settings.

    Raises:
        ArtifactError: If there is no such folder, or `experiment.json` is not what a run
            leaves.

    Example:

    >>> read_experiment("missing")
    Traceback (most recent call last):
        ...
    kerasae.errors.ArtifactError: missing: is not a folder; choose the folder of a finished run
    """
    path = run_file(folder, EXPERIMENT)
    with refusing(path, ArtifactError, _ADVICE):
        settings = parse_json(read_local(path, _MOST_BYTES, follow_symlinks=False), _MOST_DEPTH)
        return parse_experiment(settings)


def parse_experiment(settings: Any) -> Experiment:
    """Makes an experiment of what `Experiment.to_dict` gave.

    Args:
        settings: Parsed JSON.

    Raises:
        Refused: If it is anything else.
    """
    settings = read_shape(settings, dict[str, Any])
    known = fields_of(Experiment)
    unknown = [key for key in settings if key not in known]
    if unknown:
        expected = ", ".join(sorted(known))
        raise WrongShape(f"has the unknown setting {unknown[0][:100]!r}; expected {expected}")
    if "dataset" not in settings:
        raise WrongShape("dataset is missing; expected its name")
    try:
        return Experiment(**as_recorded(settings))
    except InvalidSetting as error:
        raise WrongShape(str(error)) from None


def load_run(folder: str | Path, experiment: Experiment) -> keras.Model:
    """Rebuilds the model of a run from its settings and loads its weights.

    Args:
        folder: The run's folder, not a symbolic link.
        experiment: Its settings.

    Returns:
        The trained model, not compiled.

    Raises:
        ArtifactError: If a file of the run is missing, damaged, or does not fit the others.
    """
    if experiment.shortcut:
        # The weights of the path are loaded, whatever it once started at.
        experiment = dataclasses.replace(experiment, shortcut="linear")
    path = run_file(folder, MODEL)
    with tempfile.TemporaryDirectory(prefix="kerasae-") as temporary:
        with refusing(path, ArtifactError, _ADVICE):
            config = read_config(path, follow_symlinks=False)
            image_shape, centred = _image_shape(config), _is_centred(config)
            carried = extract_weights(path, Path(temporary), follow_symlinks=False)
            least = _least_weights(experiment, image_shape)
            if least > carried:
                raise Refused(
                    f"{EXPERIMENT} needs {least:,} weights or more, {WEIGHTS} holds {carried:,}"
                )
        start_tensorflow()
        from kerasae.models import network

        model = network(experiment, image_shape, centred=centred)
        if model.count_params() != carried:
            raise ArtifactError(
                f"{path}: {WEIGHTS} holds {carried:,} weights; {EXPERIMENT} describes a network "
                f"of {model.count_params():,}"
            )
        try:
            model.load_weights(Path(temporary) / WEIGHTS)
        # Keras raises ValueError and whatever a layer raises over weights of other shapes.
        except Exception as error:
            raise ArtifactError(f"{path}: {WEIGHTS} does not fit {EXPERIMENT}") from error
    return model


def read_history(folder: Path) -> list[dict[str, float]]:
    """Reads a run's `history.csv`.

    Raises:
        ArtifactError: If it is missing, damaged, or a symbolic link.
    """
    path = run_file(folder, HISTORY)
    with refusing(path, ArtifactError, "train the run again"):
        content = read_local(path, _MOST_HISTORY, follow_symlinks=False)
        try:
            rows = list(csv.DictReader(content.decode("utf-8").splitlines(), strict=True))
            # Text, of which no number is another's.
            rows = msgspec.convert(rows, list[dict[str, int | float]], strict=False)
        except (msgspec.ValidationError, csv.Error):
            raise WrongShape("does not hold a number in every column") from None
        if not rows:
            raise WrongShape("does not hold the MSE of an epoch")
        read_epochs(rows)
    return rows


def read_metrics(folder: Path) -> dict[str, Any]:
    """Reads a run's `metrics.json`.

    Raises:
        ArtifactError: If it is missing or damaged, or holds anything but scores.
    """
    path = run_file(folder, METRICS)
    metrics = read_json(path)
    with refusing(path, ArtifactError, "train the run again"):
        for name in read_scores(metrics):
            if not name.isidentifier() or name in _NO_SCORES:
                raise WrongShape(f"received {name[:100]!r}; expected the name of a score")
    return Scores(metrics, path)


def run_file(folder: str | Path, name: str) -> Path:
    """Returns the path of a run's file, after checking the folder.

    Args:
        folder: The run's folder.
        name: The name of a file in it, without a folder.

    Raises:
        ArtifactError: If the folder is a symbolic link or not a folder, or the name leads
            out of it.

    Example:

    >>> run_file(".", "../secret")
    Traceback (most recent call last):
        ...
    kerasae.errors.ArtifactError: '../secret': expected the name of a file, without a folder
    """
    # A backslash or a drive leads elsewhere on Windows.
    if name in ("", ".", "..") or any(mark in name for mark in "/\\:\0"):
        raise ArtifactError(f"{name!r}: expected the name of a file, without a folder")
    with refusing(folder, ArtifactError, _ADVICE):
        # A path has no slash at its end, behind which a link does not seem to be one.
        path = folder if isinstance(folder, Path) else Path(folder)
        place = os.fspath(path)
        trials = os.path.dirname(os.path.abspath(place))
        if os.path.islink(place) or (os.path.basename(trials) == TRIALS and os.path.islink(trials)):
            raise Refused("is a symbolic link; name the folder it leads to")
        if not os.path.isdir(place):
            raise Refused(f"is not a folder; {_ADVICE}")
        return path / name


def _image_shape(config: Any) -> tuple[int, ...]:
    """Takes the shape of the images, and nothing else, out of a model's `config.json`."""
    try:
        (first, *_) = config["config"]["layers"]
        batch, *shape = first["config"]["batch_shape"]
    except (LookupError, TypeError, ValueError):
        raise Refused("config.json does not begin with an input of images") from None
    sizes = [size for size in shape if type(size) is int and 0 < size <= _MOST_PIXELS]
    if batch is not None or len(sizes) != len(shape) or len(shape) not in (2, 3):
        raise Refused(f"config.json has images of shape {str(shape)[:100]}; expected 2 or 3 sizes")
    return tuple(sizes)


def _is_centred(config: Any) -> bool:
    """Tells whether a model subtracts a mean image, as those do that started at PCA."""
    try:
        _, encoder, *_ = config["config"]["layers"]
        return CENTRE in {layer["name"] for layer in encoder["config"]["layers"]}
    except (LookupError, TypeError, ValueError):
        return False


def _least_weights(experiment: Experiment, image_shape: Sequence[int]) -> int:
    """Counts the weights that any network of these widths has, before one is built."""
    pixels = math.prod(image_shape)
    widths = [pixels, *experiment.hidden_dims, experiment.latent_dim]
    one_way = sum(a * b for a, b in itertools.pairwise(widths))
    # Beside the stack, a shortcut from the image to the code and back.
    straight = pixels * experiment.latent_dim if experiment.shortcut else 0
    return 2 * (one_way + straight)
