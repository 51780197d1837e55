"""What codes are worth to those who go on with them: how well they tell classes apart."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasae.data.image_data import ImageData
from kerasae.data.pixels import as_floats
from kerasae.errors import InvalidSetting
from kerasae.image_model import ImageModel
from kerasae.pca import fit_pca, scaled

if TYPE_CHECKING:
    import keras

    from kerasae.experiment import Experiment

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


def code_worth(
    model: keras.Model | ImageModel, data: ImageData, experiment: Experiment
) -> dict[str, CodeWorth]:
    """Says what a model's codes are worth, and those of PCA with as many numbers.

    Args:
        model: The model; its code is a vector.
        data: Images with labels, to train and to test.
        experiment: The settings, which tell what is held out.

    Returns:
        By `model` and `pca`.

    Raises:
        InvalidSetting: If there are fewer than two classes, no test images, or no code.
    """
    part = data.parts(experiment.validation_split).train
    labels = data.train_labels[part.rows]
    if len(np.unique(labels)) < 2 or not len(data.test):
        raise InvalidSetting("dataset", data.name, "images of two classes or more, to test as well")
    used = ImageModel.of(model).on_data(data)
    images = part.taken()
    codes = [_in_parts(one, lambda batch: used.codes(as_floats(batch)))
             for one in (images, data.test)]  # fmt: skip
    pca = fit_pca(part.images, codes[0].shape[1], part.rows)

    def of_pca(batch: NDArray[np.uint8]) -> Codes:
        return (scaled(batch) - pca.mean) @ pca.components.T

    others = [_in_parts(one, of_pca) for one in (images, data.test)]
    return {
        "model": worth_of(codes[0], labels, codes[1], data.test_labels),
        "pca": worth_of(others[0], labels, others[1], data.test_labels),
    }


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


def _in_parts(images: NDArray[np.uint8], encode: Any) -> Codes:
    starts = range(0, len(images), _ROWS)
    return np.concatenate([encode(images[start : start + _ROWS]) for start in starts])
