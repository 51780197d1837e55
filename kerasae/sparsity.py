"""How sparse a code is."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

# An activation counts as zero below this share of the root mean square of all activations.
NEAR_ZERO = 0.01


@dataclasses.dataclass(frozen=True)
class Sparsity:
    """How sparse the codes of images are.

    Args:
        near_zero: Share of all activations that are near zero, in [0, 1].
        active_units: Mean number of units per image that are not.
    """

    near_zero: float
    active_units: float


def sparsity(codes: NDArray[np.float32]) -> Sparsity:
    """Measures sparsity relative to the codes' own scale, for a linear code has no other.

    Args:
        codes: `(images, latent_dim)`.

    Returns:
        The `Sparsity`.

    Example:

    >>> sparsity(np.array([[3.0, 0.0], [4.0, 0.01]]))
    Sparsity(near_zero=0.5, active_units=1.0)
    """
    scale = float(np.sqrt(np.mean(np.square(codes, dtype=np.float64))))
    zero = np.abs(codes) <= NEAR_ZERO * scale
    return Sparsity(float(zero.mean()), float((~zero).sum(axis=1).mean()))
