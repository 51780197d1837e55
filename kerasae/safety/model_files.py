"""The checks that an untrusted `.keras` file passes before TensorFlow sees it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasae.errors import ModelFileError
from kerasae.files.bounded_json import parse_json
from kerasae.files.bounded_zip import copy_member, open_zip, read_member
from kerasae.files.local_files import Refused, StrPath, open_local, refusing, within
from kerasae.memory import FLOAT, check_memory
from kerasae.runtime import start_tensorflow
from kerasae.safety.model_config import check_model_config, least_weights
from kerasae.safety.weights_file import count_weights

if TYPE_CHECKING:
    import keras

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
_MOST_BYTES = 1 << 30
_MEMBERS = {METADATA: 1 << 14, CONFIG: 1 << 21, WEIGHTS: _MOST_BYTES}
_MOST_DEPTH = 64
# The largest output of a layer for one image, in numbers: a quarter of a gigabyte.
_MOST_OUTPUT = 1 << 26
_ADVICE = "save the model again with Keras 3"
# What a trusted file's layers are made of is in nobody's hands but their author's.
_TRUSTED_ADVICE = (
    "the code of Lambda and custom layers is not taken from files: replace them by Keras' own "
    "layers, or call kerasae from Python, where the code is"
)
_HDF5 = b"\x89HDF\r\n\x1a\n"
_MISSING = "name the folder of a run, or a .keras file"


def load_model_safely(path: StrPath, *, trust: bool = False) -> keras.Model:
    """Loads an untrusted `.keras` file after it has passed every check.

    The file is checked by `checked_model` first, in Python, before TensorFlow is imported.
    Keras then reads a private copy, with `compile=False` and `safe_mode=True`.

    Args:
        path: The file.
        trust: Let through layers outside the allowlist. Their code runs, and the memory that
            they ask for is not bounded: only for files of people you would run programs of.

    Returns:
        The model, not compiled.

    Raises:
        ModelFileError: If the file is refused; the message names the member, the rule and
            what is wrong.

    Example:

    >>> load_model_safely("missing.keras")
    Traceback (most recent call last):
        ...
    kerasae.errors.ModelFileError: missing.keras: cannot be read (No such file or directory); \
name the folder of a run, or a .keras file
    """
    with checked_model(path, trust=trust) as copy:
        start_tensorflow()
        import keras

        try:
            # Its warnings are for the model's author.
            with warnings.catch_warnings(action="ignore"):
                model = keras.saving.load_model(copy, compile=False, safe_mode=True)
            if not isinstance(model, keras.Model):
                raise Refused(f"holds a {type(model).__name__}; expected a model")
            _check_outputs(model)
        except Refused as refused:
            raise ModelFileError(f"{os.fspath(path)}: {refused}") from None
        # Keras raises anything over a model that does not fit together.
        except Exception as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise ModelFileError(
                f"{os.fspath(path)}: Keras cannot build it ({reason.replace(str(copy), '')}); "
                f"{_TRUSTED_ADVICE if trust else _ADVICE}"
            ) from error
    return model


@contextlib.contextmanager
def checked_model(path: StrPath, *, trust: bool = False) -> Iterator[Path]:
    """Checks a `.keras` file, and gives a private copy made of what passed.

    Nothing here imports TensorFlow, so a command can call it first.

    Args:
        path: The file.
        trust: Skip the allowlist; everything else is checked.

    Yields:
        The copy, which is gone afterwards.

    Raises:
        ModelFileError: If the file is refused.
    """
    with tempfile.TemporaryDirectory(prefix="kerasae-") as folder:
        with refusing(path, ModelFileError, _ADVICE, missing=_MISSING):
            copy = _checked_copy(path, Path(folder), trust)
        yield copy


def extract_weights(path: Path, folder: Path, *, follow_symlinks: bool = True) -> int:
    """Takes the checked weights out of a `.keras` file.

    Args:
        path: The `.keras` file.
        folder: Where to put `model.weights.h5`.
        follow_symlinks: Whether the path may be a symbolic link.

    Returns:
        How many numbers they are.

    Raises:
        Refused: If a rule is broken.
        OSError: If it cannot be read.
    """
    with _opened(path, follow_symlinks) as archive:
        return _take_weights(archive, folder)


def read_config(path: Path, *, follow_symlinks: bool = True) -> Any:
    """Reads the parsed `config.json` of a `.keras` file, as plain values."""
    with _opened(path, follow_symlinks) as archive:
        return _member_json(archive, CONFIG)


@contextlib.contextmanager
def _opened(path: StrPath, follow_symlinks: bool = True) -> Iterator[zipfile.ZipFile]:
    with open_local(path, _MOST_BYTES, follow_symlinks=follow_symlinks) as file:
        if file.read(len(_HDF5)) == _HDF5:
            raise Refused(
                "is an HDF5 file, of Keras 2 or of weights alone; a whole model is converted by "
                'keras.models.load_model("model.h5", compile=False).save("model.keras")'
            )
        yield open_zip(file, _MEMBERS)


def _checked_copy(path: StrPath, folder: Path, trust: bool) -> Path:
    with _opened(path) as archive:
        version = _check_metadata(_member_json(archive, METADATA))
        config = _member_json(archive, CONFIG)
        if trust and isinstance(config, dict):
            config["compile_config"] = None
            declared = least_weights(config)
        else:
            with within(CONFIG):
                model = check_model_config(config)
            config, declared = model.config, model.weights
        carried = _take_weights(archive, folder)
    if declared > carried or (declared < carried and not trust):
        raise Refused(
            f"{CONFIG} declares layers with {declared:,} weights, {WEIGHTS} holds {carried:,}"
        )
    copy = folder / "model.keras"
    with zipfile.ZipFile(copy, "w") as archive:
        archive.writestr(METADATA, json.dumps({"keras_version": version}))
        archive.writestr(CONFIG, json.dumps(config))
        archive.write(folder / WEIGHTS, WEIGHTS)
    return copy


def _member_json(archive: zipfile.ZipFile, name: str) -> Any:
    with within(name):
        return parse_json(read_member(archive, name), _MOST_DEPTH)


def _check_metadata(value: Any) -> str:
    version = value.get("keras_version") if isinstance(value, dict) else None
    if not isinstance(version, str) or not version.startswith("3.") or len(version) > 40:
        raise Refused(f"{METADATA}: keras_version is {str(version)[:40]!r}; expected Keras 3")
    return version


def _take_weights(archive: zipfile.ZipFile, folder: Path) -> int:
    target = folder / WEIGHTS
    with target.open("xb") as file:
        copy_member(archive, WEIGHTS, file)
    weights = count_weights(target)
    # Each is read, as it is stored and as what it is in the model, and is there at its start.
    check_memory(
        f"a model of {weights:,} weights",
        target.stat().st_size + 2 * FLOAT * weights,
        "choose a smaller one",
    )
    return weights


def _check_outputs(model: keras.Model) -> None:
    """Refuses a model that would take gigabytes for one image, once it is used."""
    for layer in model._flatten_layers():
        # The public `output` knows only layers that are used once.
        tensors = [tensor for node in layer._inbound_nodes for tensor in node.outputs]
        sizes = [math.prod(dim or 1 for dim in tensor.shape[1:]) for tensor in tensors]
        if sizes and max(sizes) > _MOST_OUTPUT:
            raise Refused(
                f"{CONFIG}: layer {layer.name!r} makes {max(sizes):,} numbers per image; "
                f"expected at most {_MOST_OUTPUT:,}"
            )
