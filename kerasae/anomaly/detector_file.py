"""The file that keeps a detector with its run: arrays by name, read within bounds."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerasae.anomaly import SCORES
from kerasae.anomaly.combined import Combined
from kerasae.anomaly.detector import DETECTOR, Detector
from kerasae.anomaly.local import Local
from kerasae.anomaly.rapp import Whitening
from kerasae.data.npz import npz_headers, read_npz
from kerasae.errors import ArtifactError, DataError
from kerasae.files.local_files import Refused, refusing
from kerasae.files.whole_files import save_with

_MOST_BYTES = 1 << 26
_LAYER = "layer_"
_LOCAL = ("local_roots", "local_usual", "local_mean", "local_scale")
# Earlier versions kept something else for `local`.
_EARLIER_LOCAL = "local_known"


def save_detector(detector: Detector, folder: Path) -> None:
    """Writes the detector of a run into its folder."""
    arrays: dict[str, Any] = {f"held_out_{name}": one for name, one in detector.held_out.items()}
    arrays["trained_on"] = np.array([detector.trained_on])
    if detector.codes is not None:
        arrays["codes"] = detector.codes
    if detector.whitening is not None:
        arrays |= {"mean": detector.whitening.mean, "directions": detector.whitening.directions}
    if detector.combined is not None:
        layers = enumerate(detector.combined.layers)
        arrays |= {f"{_LAYER}{number}": one.directions for number, one in layers}
        arrays |= {"log_mean": detector.combined.mean, "log_scale": detector.combined.scale}
    if detector.local is not None:
        arrays |= dict(zip(_LOCAL, dataclasses.astuple(detector.local), strict=True))

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, **arrays)

    save_with(folder / DETECTOR, write)


def read_detector(folder: Path) -> Detector:
    """Reads the detector of a run.

    Args:
        folder: The run's folder.

    Raises:
        ArtifactError: If there is none, or it is damaged.
    """
    path = folder / DETECTOR
    if not path.exists():
        raise ArtifactError(
            f"{folder}: has no detector; make it with kerasae fit --resume {folder}, or have "
            "kerasae score find normal images with --dataset"
        )
    with refusing(path, ArtifactError, "take it away and make it with kerasae fit --resume"):
        try:
            names = list(npz_headers(path))
            arrays = dict(zip(names, read_npz(path, names, _MOST_BYTES), strict=True))
        except DataError as error:
            raise Refused(str(error).removeprefix(f"{path}: ")) from None
        if _EARLIER_LOCAL in arrays:
            arrays = {name: one for name, one in arrays.items() if "local" not in name}
        held_out = {
            name: arrays[f"held_out_{name}"] for name in SCORES if f"held_out_{name}" in arrays
        }
        _check(arrays, held_out)
    whitening = local = None
    if "directions" in arrays:
        whitening = Whitening(arrays["mean"], arrays["directions"])
    if "local" in held_out:
        local = Local(*(arrays[name] for name in _LOCAL))
    return Detector(
        held_out, bool(arrays["trained_on"][0]), arrays.get("codes"), whitening,
        _combined(arrays), local,
    )  # fmt: skip


def _combined(arrays: dict[str, NDArray]) -> Combined | None:
    layers = _layers(arrays)
    if not layers:
        return None
    means = np.split(arrays["mean"], np.cumsum([len(one) for one in layers])[:-1])
    whitenings = tuple(map(Whitening, means, layers))
    return Combined(whitenings, arrays["log_mean"], arrays["log_scale"])


def _layers(arrays: dict[str, NDArray]) -> list[NDArray]:
    """Returns the directions of the layers in their order."""
    names = (f"{_LAYER}{number}" for number in range(len(arrays)))
    return [arrays[name] for name in names if name in arrays]


def _check(arrays: dict[str, NDArray], held_out: dict[str, NDArray]) -> None:
    whole = all(array.dtype.kind in "fb" and np.isfinite(array).all() for array in arrays.values())
    layers = _layers(arrays)
    matrices = {"codes", "directions", _LOCAL[0]}
    matrices |= {f"{_LAYER}{number}" for number in range(len(layers))}
    vectors = {"trained_on", "mean", "log_mean", "log_scale", *_LOCAL[1:]}
    known = matrices | vectors | {f"held_out_{name}" for name in SCORES}
    ranks = {name: 2 if name in matrices else 1 for name in known}
    # First, for what follows asks for their lengths; none is empty, see `read_npz`.
    if not all(array.ndim == ranks.get(name) for name, array in arrays.items()):
        raise Refused("is no detector")
    fit = (
        ("mean" in arrays) == ("directions" in arrays)
        and ("mean" not in arrays or arrays["mean"].shape == arrays["directions"].shape[:1])
        and ("codes" in arrays) == ("knn" in held_out)
        and ("mean" in arrays) == ("nap" in held_out) == ("sap" in held_out)
        and bool(layers) == ("combined" in held_out)
        and (not layers or _are_of_layers(arrays, layers))
        and ("local" in held_out) == (_LOCAL[0] in arrays)
        and ("local" not in held_out or _are_of_codes(arrays))
    )
    if not (whole and fit and "trained_on" in arrays and "reconstruction" in held_out):
        raise Refused("is no detector")


def _are_of_layers(arrays: dict[str, NDArray], layers: list[NDArray]) -> bool:
    logs = (len(layers) + 1,)
    return _are_whole(arrays, log_mean=logs, log_scale=logs) and (
        sum(map(len, layers)) == len(arrays["mean"])
    )


def _are_of_codes(arrays: dict[str, NDArray]) -> bool:
    codes, roots = len(arrays.get("codes", ())), arrays[_LOCAL[0]]
    shapes = (roots.shape, (codes,), (1,), (1,))
    return (
        _are_whole(arrays, **dict(zip(_LOCAL, shapes, strict=True)))
        and roots.dtype == np.float16
        and len(roots) >= max(codes, 2)
        and 0 < roots.shape[1] <= len(arrays["mean"])
    )


def _are_whole(arrays: dict[str, NDArray], **shapes: tuple[int, ...]) -> bool:
    """Tells whether a score has what it is made of: NAP, codes, and arrays; scales come last."""
    found = {name: arrays[name].shape for name in shapes if name in arrays}
    return (
        {"mean", "codes"} <= set(arrays)
        and found == shapes
        and bool((arrays[list(shapes)[-1]] > 0).all())
    )
