"""One score of several: NAP of every layer by itself, and the nearest codes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kerasae.anomaly.rapp import Whitening

Floats = NDArray[np.floating]
# Below any score that is no zero.
LEAST = 1e-12


@dataclasses.dataclass(frozen=True)
class Combined:
    """The mean of the standardized logarithms of NAP in each layer and of the codes' distance.

    Whitened together, layers drown each other's directions, and the code's few are hardly heard;
    logarithms keep one layer's outliers from deciding alone.

    Args:
        layers: The directions of each hidden layer and the code.
        mean: Of the logarithms, in normal images that were held out, `(layers + 1,)`.
        scale: Their standard deviation, `(layers + 1,)`.
    """

    layers: tuple[Whitening, ...]
    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, layers: Sequence[Whitening], differences: Floats, distances: Floats) -> Combined:
        """Learns from normal images how large each part is.

        Args:
            layers: The directions of each layer.
            differences: Of images that were held out, `(images, units)`.
            distances: To the nearest codes, `(images,)`.
        """
        logs = _logarithms(layers, differences, distances)
        scale = logs.std(0)
        return cls(tuple(layers), logs.mean(0), np.where(scale > 0, scale, 1))

    def __call__(self, differences: Floats, distances: Floats) -> Floats:
        """Scores images.

        Args:
            differences: In all layers, `(images, units)`.
            distances: To the nearest codes, `(images,)`.

        Returns:
            `(images,)`, of mean 0 over those that it was learnt from.

        Example:

        >>> known = np.array([[1], [-1], [2], [-2]], np.float32)
        >>> combined = Combined.of([Whitening.of(known)], known, np.ones(4))
        >>> np.round(combined(known, np.ones(4)), 3).tolist()
        [-0.5, -0.5, 0.5, 0.5]
        """
        logs = _logarithms(self.layers, differences, distances)
        return ((logs - self.mean) / self.scale).mean(1)


def layer_whitenings(differences: Floats, widths: Sequence[int]) -> list[Whitening]:
    """Finds the directions of each layer by itself.

    Args:
        differences: Of normal images, `(images, units)`.
        widths: Units of each layer.
    """
    return [Whitening.of(one) for one in _by_layer(differences, widths)]


def _logarithms(layers: Sequence[Whitening], differences: Floats, distances: Floats) -> Floats:
    widths = [len(one.mean) for one in layers]
    parts = [
        one.nap(part)
        for one, part in zip(layers, _by_layer(differences, widths), strict=True)
    ]  # fmt: skip
    return np.log(np.maximum(np.stack([*parts, distances], 1), LEAST))


def _by_layer(differences: Floats, widths: Sequence[int]) -> list[Floats]:
    return np.split(differences, np.cumsum(widths)[:-1], axis=1)
