"""What codes are worth to those who go on with them: how well they tell classes apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kerasae.data.image_data import ImageData
from kerasae.data.pixels import as_floats
from kerasae.errors import InvalidSetting
from kerasae.image_model import ImageModel
from kerasae.pca import fit_pca, scaled

if TYPE_CHECKING:
    import keras

NEIGHBOURS = 5
_MOST_CLUSTERED = 10_000
_ROWS = 1000
Codes = NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class CodeWorth:
    """How well codes tell classes apart.

    Args:
        knn_accuracy: Share of the test images of which the 5 nearest training codes have the class.
        linear_accuracy: The same of logistic regression on standardized codes.
        purity: Share of the test images in the class that most of their cluster have; as many
            clusters as classes, of k-means on training codes.
    """

    knn_accuracy: float
    linear_accuracy: float
    purity: float


class CodeJudge:
    """Says what the codes of models are worth, and those of PCA, on the same images.

    Args:
        data: Images with labels, to train and to test.
        validation_split: Share of the training images that is held out.

    Raises:
        InvalidSetting: If there are fewer than two classes, or no test images.
    """

    def __init__(self, data: ImageData, validation_split: float) -> None:
        self._data, self._part = data, data.parts(validation_split).train
        self._labels = data.train_labels[self._part.rows]
        if len(np.unique(self._labels)) < 2 or not len(data.test):
            expected = "images of two classes or more, to test as well"
            raise InvalidSetting("dataset", data.name, expected)
        self._of_pca: dict[int, CodeWorth] = {}

    def of_model(self, model: keras.Model | ImageModel) -> CodeWorth:
        """Judges the codes of a model.

        Raises:
            InvalidSetting: If it has no code that is a vector.
        """
        used = ImageModel.of(model).on_data(self._data)
        return self._worth(lambda batch: used.codes(as_floats(batch)))

    def of_pca(self, numbers: int) -> CodeWorth:
        """Judges PCA's codes of so many numbers."""
        if numbers not in self._of_pca:
            pca = fit_pca(self._part.images, numbers, self._part.rows)
            self._of_pca[numbers] = self._worth(
                lambda batch: (scaled(batch) - pca.mean) @ pca.components.T
            )
        return self._of_pca[numbers]

    def _worth(self, encode: Callable[[NDArray[np.uint8]], Codes]) -> CodeWorth:
        train, test = (_in_parts(one, encode) for one in (self._part.taken(), self._data.test))
        return worth_of(train, self._labels, test, self._data.test_labels)


def worth_of(
    train: Codes, labels: NDArray[np.integer], test: Codes, test_labels: NDArray[np.integer]
) -> CodeWorth:
    """Says what codes are worth.

    Args:
        train: Codes to learn from, `(images, numbers)`.
        labels: Their classes, `(images,)`.
        test: Codes to test.
        test_labels: Their classes.

    Example:

    >>> codes = np.repeat(np.eye(2) * 9, 10, axis=0) + np.linspace(0, 1, 20)[:, None]
    >>> labels = np.repeat([0, 1], 10)
    >>> worth_of(codes, labels, codes, labels)
    CodeWorth(knn_accuracy=1.0, linear_accuracy=1.0, purity=1.0)
    """
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    neighbours = KNeighborsClassifier(min(NEIGHBOURS, len(train))).fit(train, labels)
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(train, labels)
    clusters = KMeans(len(np.unique(labels)), n_init=3, random_state=0)
    clusters.fit(train[:_MOST_CLUSTERED])
    return CodeWorth(
        float(neighbours.score(test, test_labels)),
        float(linear.score(test, test_labels)),
        _purity(clusters.predict(test), test_labels),
    )


def _purity(clusters: NDArray[np.integer], labels: NDArray[np.integer]) -> float:
    most = [np.bincount(labels[clusters == one]).max() for one in np.unique(clusters)]
    return float(sum(most) / len(labels))


def _in_parts(images: NDArray[np.uint8], encode: Callable[[NDArray[np.uint8]], Codes]) -> Codes:
    starts = range(0, len(images), _ROWS)
    return np.concatenate([encode(images[start : start + _ROWS]) for start in starts])
