"""A detector of odd pictures: what a threshold needs, kept with the run that it was made with."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasae.anomaly import SCORES
from kerasae.anomaly.combined import Combined, layer_whitenings
from kerasae.anomaly.local import COMPARED, Local
from kerasae.anomaly.neighbours import nearest
from kerasae.anomaly.rapp import HiddenDifferences, Whitening, sap
from kerasae.data.image_data import ImageData, Part
from kerasae.data.npz import npz_headers, read_npz
from kerasae.data.pixels import as_floats
from kerasae.errors import ArtifactError, DataError, InvalidSetting
from kerasae.files.local_files import Refused, refusing
from kerasae.files.whole_files import save_with
from kerasae.image_model import ImageModel
from kerasae.metrics import image_mse

if TYPE_CHECKING:
    import keras

DETECTOR = "detector.npz"
_MOST_IMAGES = 10_000  # training images that directions and codes are found in
_MOST_CODES = 5_000
_MOST_BYTES = 1 << 26
_MOST_NUMBERS = 1 << 26  # of their pixels
_ROWS = 500
_LAYER = "layer_"
_LOCAL = ("local_known", "local_mean", "local_scale")
Floats = NDArray[np.floating]
Images = NDArray[np.uint8 | np.floating]


@dataclasses.dataclass(frozen=True)
class Detector:
    """What normal images are like to a model.

    Args:
        held_out: Each score of normal images that the model was not trained on, the smallest
            first, by its name.
        trained_on: Whether they were trained on all the same: none had been held out.
        codes: Codes of at most 5,000 training images, `float32`, `(images, latent_dim)`; `None`
            where the model has no code that is a vector.
        whitening: The directions of NAP; `None` where the model has no layer `encoder`.
        combined: What `combined` needs; `None` where one of its parts is missing, and of earlier
            versions' detectors.
        local: What `local` needs; `None` likewise.
    """

    held_out: dict[str, Floats]
    trained_on: bool
    codes: Floats | None = None
    whitening: Whitening | None = None
    combined: Combined | None = None
    local: Local | None = None

    @classmethod
    def of(
        cls, model: keras.Model | ImageModel, data: ImageData, validation_split: float
    ) -> Detector:
        """Makes the detector of a model and the normal images that it was trained on.

        Args:
            model: The model.
            data: Its data set.
            validation_split: Share of the training images that were held out.

        Raises:
            InvalidSetting: If there is only one normal image.
        """
        used = ImageModel.of(model).on_data(data)
        parts = data.parts(validation_split)
        trained_on = not len(parts.validation)
        held_out = parts.train if trained_on else parts.validation
        if len(parts.train) < 2:
            raise InvalidSetting("data", f"{len(parts.train)} normal image", "two or more")
        known, normal = _spread(parts.train, _MOST_IMAGES), _spread(held_out, _MOST_IMAGES)
        batches = _Batches(used)
        codes = batches.codes(known[:_MOST_CODES]) if used.code_size else None
        whitening = combined = local = None
        if batches.hidden is not None:
            differences = batches.differences(known)
            whitening = Whitening.of(differences)
            if codes is not None:
                layers = layer_whitenings(differences, batches.hidden.widths)
                near = nearest(codes, batches.codes(normal), COMPARED)
                tested = batches.differences(normal)
                combined = Combined.of(layers, tested, near.mean_distances())
                naps = whitening.nap(differences[: len(codes)])
                local = Local.of(codes, naps, near, whitening.nap(tested))
        detector = cls({}, trained_on, codes, whitening, combined, local)
        scores = detector.scores(used, normal)
        return dataclasses.replace(
            detector, held_out={name: np.sort(score) for name, score in scores.items()}
        )

    def names(self) -> list[str]:
        """Lists the scores that it knows."""
        return [name for name in SCORES if name in self.held_out]

    def scores(self, model: keras.Model | ImageModel, images: Images) -> dict[str, Floats]:
        """Scores images; the larger, the odder.

        Args:
            model: The model that it was made with.
            images: `uint8`, or in [0, 1], `(images, *image_shape)`.

        Returns:
            By name, `(images,)`: `reconstruction` is the mean squared error, `sap` and `nap` are
            those of `rapp`, `knn` is the mean distance to the 5 nearest codes of training
            images, `combined` and `local` are those of these modules.

        Raises:
            ArtifactError: If it was made with another model.
        """
        used = ImageModel.of(model).on_shape(images.shape[1:])
        batches = _Batches(used)
        errors, differences = batches.errors_and_differences(images)
        found = {"reconstruction": errors}
        if self.whitening is not None:
            _check_width(self.whitening.mean, differences)
            found |= {"sap": sap(differences), "nap": self.whitening.nap(differences)}
        if self.codes is not None:
            codes = batches.codes(images)
            _check_width(self.codes[0], codes)
            near = nearest(self.codes, codes, COMPARED)
            found["knn"] = near.mean_distances()
            if self.combined is not None:
                found["combined"] = self.combined(differences, found["knn"])
            if self.local is not None:
                found["local"] = self.local(found["nap"], near)
        return {name: found[name] for name in SCORES if name in found}

    def threshold(self, score: str, false_alarms: float) -> float:
        """Returns the value of a score that a share of normal images lies above.

        Args:
            score: Its name.
            false_alarms: The share, above 0 and below 1.

        Raises:
            InvalidSetting: If the share is out of range, or there is no such score.
        """
        self.check_score(score)
        if not 0 < false_alarms < 1:
            raise InvalidSetting("false_alarms", false_alarms, "a share above 0 and below 1")
        return float(np.quantile(self.held_out[score], 1 - false_alarms))

    def check_score(self, score: str) -> None:
        """Checks that it knows a score.

        Raises:
            InvalidSetting: If it does not.
        """
        if score in self.held_out:
            return
        expected = f"one of {', '.join(self.held_out)}"
        if score in SCORES and {"nap", "knn"} <= set(self.held_out):
            expected += (
                f"; this detector is of an earlier version: take {DETECTOR} away and make it with "
                "kerasae fit --resume"
            )
        raise InvalidSetting("score", score, expected)

    def above(self, score: str, threshold: float) -> int:
        """Counts the normal images that lie above a threshold."""
        return int((self.held_out[score] > threshold).sum())

    def save(self, folder: Path) -> None:
        """Writes `detector.npz`; see `read_detector`."""
        arrays: dict[str, Any] = {f"held_out_{name}": one for name, one in self.held_out.items()}
        arrays["trained_on"] = np.array([self.trained_on])
        if self.codes is not None:
            arrays["codes"] = self.codes
        if self.whitening is not None:
            arrays |= {"mean": self.whitening.mean, "directions": self.whitening.directions}
        if self.combined is not None:
            layers = enumerate(self.combined.layers)
            arrays |= {f"{_LAYER}{number}": one.directions for number, one in layers}
            arrays |= {"log_mean": self.combined.mean, "log_scale": self.combined.scale}
        if self.local is not None:
            arrays |= dict(zip(_LOCAL, dataclasses.astuple(self.local), strict=True))

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
    ranks = {name: array.ndim for name, array in arrays.items()}
    two = {name for name, rank in ranks.items() if rank == 2}
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
    if (
        not whole or not set(arrays) <= known or "trained_on" not in arrays or not fit
        or "reconstruction" not in held_out or two != set(arrays) & matrices
        or any(rank not in (1, 2) for rank in ranks.values())
    ):  # fmt: skip
        raise Refused("is no detector")


def _are_of_layers(arrays: dict[str, NDArray], layers: list[NDArray]) -> bool:
    logs = [arrays.get(name, np.zeros(0)).shape for name in ("log_mean", "log_scale")]
    return (
        {"mean", "codes"} <= set(arrays)
        and sum(map(len, layers)) == len(arrays["mean"])
        and logs == [(len(layers) + 1,)] * 2
        and bool((arrays["log_scale"] > 0).all())
    )


def _are_of_codes(arrays: dict[str, NDArray]) -> bool:
    shapes = [arrays.get(name, np.zeros(0)).shape for name in _LOCAL]
    return (
        {"mean", "codes"} <= set(arrays)
        and shapes == [(len(arrays["codes"]), 2), (2,), (2,)]
        and bool((arrays[_LOCAL[2]] > 0).all())
    )


def _check_width(known: Floats, made: Floats) -> None:
    if len(known) != made.shape[1]:
        raise ArtifactError(
            f"{DETECTOR}: is of {len(known):,} numbers an image, the model makes "
            f"{made.shape[1]:,}; take it away and make it with kerasae fit --resume"
        )


class _Batches:
    """Runs a model on many images without holding all of them as floats, or what it makes."""

    def __init__(self, model: ImageModel) -> None:
        self._model = model
        self.hidden = (
            HiddenDifferences(model.model) if HiddenDifferences.possible(model.model) else None
        )

    def codes(self, images: Images) -> NDArray[np.float32]:
        """Returns the codes."""
        return np.concatenate([self._model.codes(one) for one in _slices(images)])

    def differences(self, images: Images) -> NDArray[np.float32]:
        """Returns the differences in the hidden layers, of which there are some."""
        return self.errors_and_differences(images)[1]

    def errors_and_differences(self, images: Images) -> tuple[Floats, NDArray[np.float32]]:
        """Returns the errors, and the differences, which have no units without hidden layers."""
        shape = self._model.model.input_shape[1:]
        errors, differences = [], []
        for one in _slices(images):
            made = self._model.outputs(one)
            errors.append(image_mse(one, made))
            if self.hidden is not None:
                two = (one.reshape(-1, *shape), np.clip(made, 0, 1).reshape(-1, *shape))
                differences.append(self.hidden(*two))
        none = np.zeros((len(images), 0), np.float32)
        return np.concatenate(errors), np.concatenate(differences) if differences else none


def _slices(images: Images) -> Iterator[NDArray[np.float32]]:
    for start in range(0, max(1, len(images)), _ROWS):
        yield as_floats(images[start : start + _ROWS])


def _spread(part: Part, most: int) -> NDArray[np.uint8]:
    """Takes at most so many images of a part, evenly spread over it; of large ones fewer."""
    most = min(most, max(2, _MOST_NUMBERS // part.images[0].size))
    places = np.linspace(0, len(part) - 1, min(most, len(part))).astype(np.intp)
    return part.images[part.rows[places]]
