"""Looks into the latent space: codes in a plane, what lies between them, and walks."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kerasae.data.image_data import ImageData, class_names
from kerasae.data.pixels import as_floats
from kerasae.errors import InvalidSetting
from kerasae.image_model import PROBED, ImageModel

if TYPE_CHECKING:
    import keras

# So many codes lie in a plane of their own.
FEWEST = 3
METHODS = ("pca", "tsne")
# t-SNE takes a minute for so many points.
_MOST_TSNE = 5_000
_PERPLEXITY = 30.0
_SAME = 1e-5  # codes that differ by so little of their size are one
_GRID = 15
_EDGE = 2  # percent of the codes that the grid leaves outside at each side
_WALKS, _STEPS = 5, 11

Points = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class LatentPlane:
    """A latent space in two dimensions, which `latent_figure.latent_figure` draws.

    Args:
        codes: Place of each image, `(images, 2)`.
        labels: Class of each image, `(images,)`.
        class_names: Name of each class; none where the images have no classes.
        decoded: Decoded points of a grid over the plane, `(15, 15, height, width)`, the
            first row at the top; `None` where the plane has no way back.
        walks: Images on the way between two, `(walks, 11, height, width)`, at most five.
        axis_name: What the plane is.
    """

    codes: Points
    labels: NDArray[np.integer]
    class_names: list[str]
    decoded: Points | None
    walks: Points
    axis_name: str


def latent_plane(
    model: keras.Model | ImageModel, data: ImageData, method: str = "pca"
) -> LatentPlane:
    """Encodes the test images and lays their codes out in a plane.

    Codes of two dimensions are taken as they are. Larger ones go through PCA, whose plane can
    be decoded, or t-SNE (van der Maaten & Hinton 2008, scikit-learn), whose cannot; it sees
    the first 5,000 images. Its perplexity is 30, or of fewer than 91 images a third of them.

    Args:
        model: A model, or an `ImageModel`, whose images follow from codes that are vectors.
        data: The images, `uint8`.
        method: `pca` or `tsne`.

    Returns:
        The `LatentPlane`.

    Raises:
        InvalidSetting: If the model takes other images or has no such codes, its code has
            one dimension only, there are fewer than three test images, or the method is
            unknown.
    """
    if method not in METHODS:
        raise InvalidSetting("method", method, " or ".join(METHODS))
    model = ImageModel.of(model).on_data(data)
    if len(data.test) < FEWEST:
        raise InvalidSetting("test images", len(data.test), f"at least {FEWEST}, for a plane")
    codes = model.checked(as_floats(data.test[:PROBED])).codes(as_floats(data.test))
    dim = codes.shape[1]
    if dim < 2:
        raise InvalidSetting("latent_dim", dim, "a code of at least two dimensions, for a plane")

    def decode(points: NDArray) -> Points:
        images = model.decoded(points.reshape(-1, dim))
        return images.reshape(*points.shape[:-1], *data.test.shape[1:])

    walks = decode(_walks(codes, data.test_labels))
    labels, names = data.test_labels, class_names(data)
    if dim == 2:
        return LatentPlane(codes, labels, names, decode(_grid(codes)), walks, "code")
    if method == "tsne":
        places = _tsne(codes[:_MOST_TSNE])
        return LatentPlane(places, labels[:_MOST_TSNE], names, None, walks, "t-SNE of the code")
    from sklearn.decomposition import PCA

    # Codes that are all the same have no variance, of which scikit-learn takes shares.
    with np.errstate(invalid="ignore"):
        plane = PCA(2, svd_solver="full").fit(codes)
    places = plane.transform(codes)
    grid = _grid(places)
    back = plane.inverse_transform(grid.reshape(-1, 2)).reshape(*grid.shape[:2], dim)
    return LatentPlane(places, labels, names, decode(back), walks, "PCA of the code")


def _tsne(codes: Points) -> Points:
    from sklearn.manifold import TSNE

    # scikit-learn divides by their deviation, and crashes over what comes out.
    if np.ptp(codes, axis=0).max() <= _SAME * np.abs(codes).max():
        return np.zeros((len(codes), 2), np.float32)
    perplexity = min(_PERPLEXITY, (len(codes) - 1) / 3)
    places: Points = TSNE(perplexity=perplexity, random_state=0).fit_transform(codes)
    return places


def _grid(places: NDArray) -> Points:
    """Returns points over the middle of the plane, `(15, 15, 2)`, the highest row first."""
    low, high = np.percentile(places, [_EDGE, 100 - _EDGE], axis=0)
    x, y = (np.linspace(low[axis], high[axis], _GRID, dtype=np.float32) for axis in (0, 1))
    return np.stack(np.meshgrid(x, y[::-1]), axis=-1)


def _walks(codes: Points, labels: NDArray) -> Points:
    """Returns codes in equal steps between two images, of two classes as far as there are any."""
    ends = _in_turn(labels)[: 2 * min(_WALKS, len(codes) // 2)]
    share = np.linspace(0, 1, _STEPS, dtype=np.float32)[None, :, None]
    start, end = codes[ends[::2], None], codes[ends[1::2], None]
    return (1 - share) * start + share * end


def _in_turn(labels: NDArray) -> NDArray[np.intp]:
    """Returns the rows of all images: the first of each class, the second of each, and so on."""
    by_class = np.argsort(labels, kind="stable")
    numbers = labels[by_class]
    place = np.empty_like(by_class)
    place[by_class] = np.arange(len(labels)) - np.searchsorted(numbers, numbers)
    return np.lexsort((labels, place))
