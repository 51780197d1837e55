"""Whether an error is above PCA's, below it, or not to be told from it."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from kerasae.metrics import TOLD_APART

# Equal errors that were computed in two ways differ in their last bits.
_ROUNDING = 5e-4
LEGEND = {
    "loses": "▼ worse than PCA (outputs clipped to [0, 1])",
    "level": "≈ level with PCA, within two standard errors",
}


def is_level(difference: float, error: float, ratio: float) -> bool:
    """Tells whether a mean difference from PCA's error is within its noise, or rounding.

    Args:
        difference: The mean, of a difference per image.
        error: Its standard error; 0 where the images are not known, infinite of one image.
        ratio: The error as a share of PCA's.

    Example:

    >>> is_level(-0.002, 0.001, 0.9), is_level(0.0021, 0.001, 1.1), is_level(1e-9, 1e-12, 1.0)
    (True, False, True)
    """
    return abs(difference) <= TOLD_APART * error or abs(ratio - 1) <= _ROUNDING


def pca_mark(mse: float, pca_mse: float, trials: Sequence[Mapping[str, Any]] = ()) -> str:
    """Returns how a table marks an error beside PCA's.

    Args:
        mse: The error, of several seeds their mean.
        pca_mse: PCA's.
        trials: `metrics`, or rows of `results.csv`, of the same setting, which tell the difference
            per image; each seed is tested on the same images, which is why more seeds do not make
            the standard error smaller. Those of older versions do not know it.

    Returns:
        `loses`, `level`, or nothing where it is below; see `table.Cell`.

    Example:

    >>> pca_mark(0.3, 0.2), pca_mark(0.1, 0.2)
    ('loses', '')
    >>> pca_mark(0.3, 0.2, [{"pca_difference": 0.1, "pca_difference_se": 0.06}])
    'level'
    """
    known = [(row.get("pca_difference"), row.get("pca_difference_se")) for row in trials]
    pairs = [(d, math.inf if e is None else e) for d, e in known if isinstance(d, float)]
    difference, error = (
        [statistics.fmean(values) for values in zip(*pairs, strict=True)]
        if pairs
        else (mse - pca_mse, 0.0)
    )
    if is_level(difference, error, mse / pca_mse if pca_mse else 1.0):
        return "level"
    return "loses" if mse > pca_mse else ""
