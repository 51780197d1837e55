"""Model files that earlier versions of Keras, and each of its backends, read as well."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasae.safety.model_files import CONFIG

if TYPE_CHECKING:
    import keras

# Settings of layers and initializers that Keras has had since 3.13 or later, and their defaults.
# An earlier version refuses their names.
_LATER: dict[str, Any] = {
    "quantization_config": None, "input_axes": None, "output_axes": None, "renorm": False,
    "renorm_clipping": None, "renorm_momentum": 0.99,
}  # fmt: skip
# Of PyTorch, on which Keras keeps a seed that is drawn from in 32 bits with a sign.
_LARGEST_SEED = 2**31 - 1


def save_keras(model: keras.Model, path: Path) -> None:
    """Saves a model as Keras does, without those settings of later versions that are not used.

    The seeds of Dropout are cut to 31 bits. They matter only where somebody trains the file's
    model on: a run that goes on has the seeds of its settings.

    Args:
        model: The model.
        path: A file whose name ends in `.keras`.
    """
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for info, content in members:
            if info.filename == CONFIG:
                content = json.dumps(_for_all(json.loads(content))).encode()
            archive.writestr(info, content)


def _for_all(value: Any) -> Any:
    if isinstance(value, list):
        return [_for_all(item) for item in value]
    if isinstance(value, dict):
        kept = {
            key: item for key, item in value.items() if key not in _LATER or item != _LATER[key]
        }
        if kept.get("class_name") == "Dropout":
            config = kept["config"]
            kept["config"] = {**config, "seed": config["seed"] & _LARGEST_SEED}
        return {key: _for_all(item) for key, item in kept.items()}
    return value
