"""The classes of images: their names, and a number for each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerasae.errors import InvalidSetting

Classes = tuple[tuple[str, ...], list[NDArray[np.integer]]]


def number_classes(*labels: NDArray[Any]) -> Classes:
    """Names classes in their order, and numbers them from 0 on.

    Args:
        *labels: The classes of each part's images, whole numbers or names.

    Returns:
        The names, and the numbers of each part, `int64`.

    Example:

    >>> number_classes(np.array([2015, 1998]), np.array([2015]))
    (('1998', '2015'), [array([1, 0]), array([1])])
    """
    classes = np.unique(np.concatenate(labels))
    return tuple(map(str, classes)), [np.searchsorted(classes, one) for one in labels]


def classes_of(labels: Any, count: int, test_labels: Any, test_count: int) -> Classes:
    """Checks the labels of training and test images and numbers their classes.

    Args:
        labels: Of the training images, whole numbers or names; `None` for none.
        count: How many training images there are.
        test_labels: Of the test images.
        test_count: How many test images there are.

    Returns:
        As `number_classes`, but labels that are such numbers stay as they are; no names, and
        zeros, where either are without labels.

    Raises:
        InvalidSetting: If they are of another type or number.

    Example:

    >>> classes_of(["b", "a"], 2, None, 1)
    ((), [array([0, 0], dtype=uint8), array([0], dtype=uint8)])
    """
    train = _checked("labels", labels, count)
    test = _checked("test_labels", test_labels, test_count)
    if train is None or test is None:
        return (), [np.zeros(length, np.uint8) for length in (count, test_count)]
    names, numbers = number_classes(train, test)
    given = zip((train, test), numbers, strict=True)
    # Their checksums are recorded.
    return names, [one if np.array_equal(one, number) else number for one, number in given]


def _checked(name: str, labels: Any, count: int) -> NDArray[Any] | None:
    if labels is None:
        return None
    found = np.asarray(labels)
    if found.dtype == object and all(isinstance(one, str) for one in found.flat):
        found = found.astype(str)
    if found.dtype.kind not in "iuU" or found.shape != (count,):
        received = f"{found.dtype} {found.shape}"
        raise InvalidSetting(name, received, f"{count} whole numbers or names, one for each image")
    return found
