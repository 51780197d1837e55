"""What of all that is known is nearest, and how far it is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 5
Rows = NDArray[np.floating]


class Near(NamedTuple):
    """The nearest known rows of each row, the nearest first.

    Args:
        distances: Euclidean, `(rows, neighbours)`.
        places: Where they stand among the known rows, `(rows, neighbours)`.
    """

    distances: Rows
    places: NDArray[np.intp]

    def mean_distances(self) -> Rows:
        """Returns the mean distance to the 5 nearest, `(rows,)`.

        Example:

        >>> nearest(np.eye(2) * 3, np.zeros((1, 2))).mean_distances().tolist()
        [3.0]
        """
        return self.distances[:, :NEIGHBOURS].mean(1)


def nearest(known: Rows, rows: Rows | None = None, count: int = NEIGHBOURS) -> Near:
    """Finds the nearest known rows.

    Args:
        known: `(known, numbers)`, two or more.
        rows: `(rows, numbers)`; `None` asks for the neighbours of each known row among the
            others.
        count: How many, 1 or more; fewer where not so many are known.

    Returns:
        The distances and places.

    Example:

    >>> nearest(np.array([[0.0], [3.0], [4.0]]), count=1).distances.tolist()
    [[3.0], [1.0], [1.0]]
    """
    from sklearn.neighbors import NearestNeighbors

    most = len(known) if rows is not None else len(known) - 1
    neighbours = NearestNeighbors(n_neighbors=min(count, most)).fit(known)
    return Near(*neighbours.kneighbors(rows))
