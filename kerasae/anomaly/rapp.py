"""RaPP: an image and its reconstruction compared in every hidden layer of the encoder.

Kim et al., "RaPP: Novelty Detection with Reconstruction along Projection Pathway", ICLR 2020.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kerasae.errors import InvalidSetting
from kerasae.model_outputs import outputs
from kerasae.model_parts import ENCODER, encoder_of

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.float32]
# Singular values below this share of the largest are noise: divided by, they would drown the rest.
_SMALLEST = 1e-5
# Units of all hidden layers; the directions have their square in numbers.
MOST_UNITS = 2048


class HiddenDifferences:
    """What an image and its reconstruction differ by in the encoder's hidden layers and the code.

    Args:
        model: An autoencoder with a layer `encoder`, as kerasae's have.

    Attributes:
        widths: Units of each layer.
        units: The model from images to the units of all these layers, `(images, units)`.

    Raises:
        InvalidSetting: If it has none, one that makes no rows of numbers or uses a layer twice, or
            more than 2,048 hidden units.

    Example:

    >>> from kerasae.models import basic_autoencoder
    >>> model = basic_autoencoder((4, 4), hidden_dim=8, latent_dim=2)
    >>> images = np.zeros((3, 4, 4), np.float32)
    >>> first, differences = HiddenDifferences(model)(images, outputs(model, images))
    >>> first.shape, differences.shape
    ((3, 8), (3, 10))
    """

    def __init__(self, model: keras.Model) -> None:
        import keras

        encoder = encoder_of(model)
        hidden = [one for one in encoder.layers if isinstance(one, keras.layers.Dense)]
        hidden = [one for one in hidden if one.activation is not keras.activations.linear]
        once = all(len(one._inbound_nodes) == 1 for one in hidden)
        tensors = [*(one.output for one in hidden if once), encoder.output]
        if not once or any(len(tensor.shape) != 2 for tensor in tensors):
            raise InvalidSetting(
                "model", "an encoder that is no plain stack of layers", "one that makes rows of "
                "numbers in each, for sap and nap",
            )  # fmt: skip
        self.widths = [int(tensor.shape[-1]) for tensor in tensors]
        units = sum(self.widths)
        if units > MOST_UNITS:
            raise InvalidSetting(
                "score", f"sap or nap of {units:,} hidden units", f"at most {MOST_UNITS:,}"
            )
        joined = keras.ops.concatenate(tensors, -1) if len(tensors) > 1 else tensors[0]
        self.units = keras.Model(encoder.input, joined)

    @classmethod
    def possible(cls, model: keras.Model) -> bool:
        """Tells whether a model has hidden layers that can be compared."""
        if ENCODER not in {layer.name for layer in model.layers}:
            return False
        try:
            cls(model)
        except InvalidSetting:
            return False
        return True

    def __call__(self, images: Floats, reconstructed: Floats) -> tuple[Floats, Floats]:
        """Returns the units of the first layer, and the differences.

        Args:
            images: In [0, 1], `(images, *image_shape)`.
            reconstructed: What the model makes of them, of the same shape.

        Returns:
            Of the images, `(images, widths[0])`, and of both, `(images, units)`, `float32`.
        """
        units = outputs(self.units, images)
        return units[:, : self.widths[0]], units - outputs(self.units, reconstructed)


def sap(differences: Floats) -> Floats:
    """Returns the simple aggregation along the pathway: the sum of the squared differences.

    Example:

    >>> sap(np.array([[3.0, 4.0]], np.float32)).tolist()
    [25.0]
    """
    return np.square(differences).sum(1)


@dataclasses.dataclass(frozen=True)
class Whitening:
    """Directions in which the differences of normal images are uncorrelated and of one size.

    Args:
        mean: Their mean, `(units,)`.
        directions: `(units, directions)`; each is divided by its singular value.
    """

    mean: Floats
    directions: Floats

    @classmethod
    def of(cls, differences: Floats) -> Whitening:
        """Finds them by the singular values of the differences of normal images.

        Args:
            differences: `(images, units)`.
        """
        mean = differences.mean(0, dtype=np.float64)
        centred = differences - mean
        # The squares of the singular values; the matrix itself has as many rows as images.
        squares, vectors = np.linalg.eigh(centred.T @ centred)
        values = np.sqrt(np.maximum(squares, 0))
        kept = values > _SMALLEST * values.max(initial=0)
        directions = vectors[:, kept] / values[kept]
        return cls(mean.astype(np.float32), directions.astype(np.float32))

    def nap(self, differences: Floats) -> Floats:
        """Returns the normalized aggregation along the pathway: the squared whitened length.

        Args:
            differences: `(images, units)`.

        Returns:
            `(images,)`; over the images that the directions were found in, the sum is the
            number of directions.

        Example:

        >>> known = np.array([[1, 0], [-1, 0], [0, 2], [0, -2]], np.float32)
        >>> np.round(Whitening.of(known).nap(known), 3).tolist()
        [0.5, 0.5, 0.5, 0.5]
        """
        return np.square((differences - self.mean) @ self.directions).sum(1)
