"""Whether images have no place of their own, so that a shifted one might as well be another."""

import numpy as np
from numpy.typing import NDArray

from kerasae.data.pixels import as_floats

_COMPONENTS = 30
# The error of patches of photos and textures is 1.00 times as large when they are shifted by a
# pixel, that of spectrograms 1.04, of faces 1.06 to 1.10, of MNIST 1.12, of Fashion-MNIST 1.17; of
# glyphs, icons, small digits and medical slices, 1.6 to 4.
_AS_WELL = 1.05
# A pixel is much of a smaller image; and rows of features are images of a single row.
_LEAST_SIDE = 8


def is_stationary(images: NDArray[np.uint8]) -> bool:
    """Tells whether PCA describes shifted images as well as those where they are.

    Where it does, what is seen does not depend on the place (a stationary process), and shifted
    copies are further images to train on. Where it does not, the images are aligned, as digits
    in the middle are, and shifted ones have to be learnt besides. PCA is fitted on the inner part
    of half of the images, so that the others can be shifted without an edge that comes in.

    Args:
        images: A sample, `uint8`, `(images, height, width)` or with channels.

    Example:

    >>> patches = np.random.RandomState(0).randint(0, 256, (400, 8, 8)).astype(np.uint8)
    >>> aligned = patches.copy()
    >>> aligned[:, :, 4:] = 0
    >>> is_stationary(patches), is_stationary(aligned)
    (True, False)
    """
    from sklearn.decomposition import PCA

    if min(images.shape[1:3]) < _LEAST_SIDE or len(images) < 4:
        return False
    seen, others = images[::2], images[1::2]
    with np.errstate(invalid="ignore"):
        # Of images that are all the same, scikit-learn's shares of the variance are 0 / 0.
        pca = PCA(min(_COMPONENTS, len(seen) // 2), random_state=0).fit(_inner(seen, 1, 1))

    def error(top: int, left: int) -> float:
        inner = _inner(others, top, left)
        found = pca.inverse_transform(pca.transform(inner))
        return float(np.square(found - inner).mean(dtype=np.float64))

    shifted = np.mean([error(*corner) for corner in ((0, 1), (2, 1), (1, 0), (1, 2))])
    return bool(0 < shifted <= _AS_WELL * error(1, 1))


def _inner(images: NDArray[np.uint8], top: int, left: int) -> NDArray[np.float32]:
    """Returns all but two rows and columns of each image, from a corner on, as rows of floats."""
    height, width = images.shape[1:3]
    inner = images[:, top : top + height - 2, left : left + width - 2]
    return as_floats(inner).reshape(len(images), -1)
