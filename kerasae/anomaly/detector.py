"""A detector of odd pictures: what a threshold needs, kept with the run that it was made with."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerasae.anomaly import SCORES
from kerasae.anomaly.combined import Combined, layer_whitenings
from kerasae.anomaly.local import COMPARED, Local
from kerasae.anomaly.neighbours import Near, nearest
from kerasae.anomaly.rapp import HiddenDifferences, Whitening, sap
from kerasae.data.image_data import ImageData, Part
from kerasae.data.pixels import as_floats
from kerasae.errors import ArtifactError, InvalidSetting
from kerasae.image_model import ImageModel
from kerasae.metrics import image_mse

if TYPE_CHECKING:
    import keras

DETECTOR = "detector.npz"
_MOST_IMAGES = 10_000  # training images that directions and codes are found in
_MOST_CODES = 5_000
_MOST_NUMBERS = 1 << 26  # of their pixels
_MOST_UNITS = 1 << 22  # of the first hidden layer, of all images together
_ROWS = 500
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
        trained, made = batches.made(known), batches.made(normal)
        codes = near = whitening = combined = local = None
        if trained.codes is not None and made.codes is not None:
            codes = trained.codes[:_MOST_CODES]
            near = nearest(codes, made.codes, COMPARED)
        if batches.hidden is not None:
            differences = trained.differences
            whitening = Whitening.of(differences)
            if codes is not None and near is not None:
                layers = layer_whitenings(differences, batches.hidden.widths)
                combined = Combined.of(layers, made.differences, near.mean_distances())
                kept = max(len(codes), _MOST_UNITS // trained.first.shape[1])
                local = Local.of(trained.first[:kept], len(codes), near, made.first)
        detector = cls({}, trained_on, codes, whitening, combined, local)
        scores = detector._scores(made, near)
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
        made = _Batches(ImageModel.of(model).on_shape(images.shape[1:])).made(images)
        if self.whitening is not None:
            _check_width(self.whitening.mean, made.differences)
        near = None
        if self.codes is not None:
            if made.codes is None:
                raise ArtifactError(f"{DETECTOR}: is of codes, of which the model makes none")
            _check_width(self.codes[0], made.codes)
            near = nearest(self.codes, made.codes, COMPARED)
        return self._scores(made, near)

    def _scores(self, made: _Made, near: Near | None) -> dict[str, Floats]:
        found = {"reconstruction": made.errors}
        if self.whitening is not None:
            found |= {"sap": sap(made.differences), "nap": self.whitening.nap(made.differences)}
        if near is not None:
            found["knn"] = near.mean_distances()
            if self.combined is not None:
                found["combined"] = self.combined(made.differences, found["knn"])
            if self.local is not None:
                found["local"] = self.local(made.first, near)
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


def _check_width(known: Floats, made: Floats) -> None:
    if len(known) != made.shape[1]:
        raise ArtifactError(
            f"{DETECTOR}: is of {len(known):,} numbers an image, the model makes "
            f"{made.shape[1]:,}; take it away and make it with kerasae fit --resume"
        )


class _Made(NamedTuple):
    """What a model makes of images: errors, and the rest where it has what they are of."""

    errors: Floats
    first: Floats  # units of the first hidden layer
    differences: Floats
    codes: Floats | None


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

    def made(self, images: Images) -> _Made:
        """Returns all of it; without hidden layers, the differences have no units."""
        batches = [self._batch(one) for one in _slices(images)]
        errors, first, differences = map(np.concatenate, zip(*batches, strict=True))
        codes = self.codes(images) if self._model.code_size else None
        return _Made(errors, first, differences, codes)

    def _batch(self, images: NDArray[np.float32]) -> tuple[Floats, Floats, Floats]:
        made = self._model.outputs(images)
        errors = image_mse(images, made)
        if self.hidden is None:
            none = np.zeros((len(images), 0), np.float32)
            return errors, none, none
        shape = self._model.model.input_shape
        two = (one.reshape(-1, *shape[1:]) for one in (images, np.clip(made, 0, 1)))
        return errors, *self.hidden(*two)


def _slices(images: Images) -> Iterator[NDArray[np.float32]]:
    for start in range(0, max(1, len(images)), _ROWS):
        yield as_floats(images[start : start + _ROWS])


def _spread(part: Part, most: int) -> NDArray[np.uint8]:
    """Takes at most so many images of a part, evenly spread over it; of large ones fewer."""
    most = min(most, max(2, _MOST_NUMBERS // part.images[0].size))
    places = np.linspace(0, len(part) - 1, min(most, len(part))).astype(np.intp)
    return part.images[part.rows[places]]
