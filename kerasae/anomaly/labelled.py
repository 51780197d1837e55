"""How well a score tells odd pictures from normal ones, where their folders say which is which."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from kerasae.data.picture_listing import places_of

# What MVTec AD and its kin call pictures without a defect.
NORMAL = ("good", "normal", "ok")


@dataclasses.dataclass(frozen=True)
class Separation:
    """How well a score tells odd pictures from normal ones.

    Args:
        good: Number of normal pictures.
        defects: Number of the others.
        auroc: Probability that an odd picture scores higher than a normal one.
        precision: Share of the pictures above the threshold that are odd; `None` where there is no
            threshold, or nothing above it.
        recall: Share of the odd pictures above the threshold; `None` without a threshold.
    """

    good: int
    defects: int
    auroc: float
    precision: float | None = None
    recall: float | None = None


def odd_by_folder(names: Sequence[PurePath]) -> list[bool | None]:
    """Says by their folders which pictures are odd.

    Args:
        names: The pictures' paths inside the folder.

    Returns:
        For each, whether it lies in another class than `good` (or `normal`, `ok`); `None` where
        it is no test image, or no folder is called so.

    Example:

    >>> odd_by_folder([PurePath("test/good/1.png"), PurePath("test/crack/1.png")])
    [False, True]
    >>> odd_by_folder([PurePath("cat/1.png"), PurePath("dog/1.png")])
    [None, None]
    """
    places = places_of(names)
    parts = {place.part for place in places if place}
    tested = [place if place and place.part in (None, "test") else None for place in places]
    if parts <= {None} and names and all(name.parts[0].lower() == "test" for name in names):
        # Of MVTec AD's folders, only the test images were named.
        tested = places_of([name.relative_to(name.parts[0]) for name in names])
    classes = {place.class_name.lower() for place in tested if place}
    if not classes & set(NORMAL):
        return [None] * len(names)
    return [place.class_name.lower() not in NORMAL if place else None for place in tested]


def separation(
    scores: NDArray[np.floating], odd: Sequence[bool | None], threshold: float | None
) -> Separation | None:
    """Compares scores with what the folders say.

    Args:
        scores: Of each picture; the larger, the odder.
        odd: Whether it is odd; those of which that is not known are left out.
        threshold: The score above which a picture counts as odd, or `None`.

    Returns:
        The `Separation`; `None` where there are no odd or no normal pictures.

    Example:

    >>> found = separation(np.array([1.0, 3.0, 2.0, 4.0]), [False, False, True, True], 2.5)
    >>> found.auroc, found.precision, found.recall
    (0.75, 0.5, 0.5)
    """
    from sklearn.metrics import roc_auc_score

    known = [place for place, one in enumerate(odd) if one is not None]
    labels, values = np.array([bool(odd[place]) for place in known]), np.asarray(scores)[known]
    if len(set(labels.tolist())) < 2:
        return None
    normal, count = int((~labels).sum()), int(labels.sum())
    auroc = float(roc_auc_score(labels, values))
    if threshold is None:
        return Separation(normal, count, auroc)
    above = values > threshold
    hits = int((above & labels).sum())
    precision = hits / int(above.sum()) if above.any() else None
    return Separation(normal, count, auroc, precision, hits / count)
