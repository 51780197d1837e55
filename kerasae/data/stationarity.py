"""How far images can be shifted and still be like the others."""

import numpy as np
from numpy.typing import NDArray

from kerasae.data.pixels import as_floats

_COMPONENTS = 30
# Shifted by 1 to 4 pixels, patches of photos and textures have 0.99 to 1.01 times the error,
# spectrograms 1.02 for one pixel and 1.08 for two, aligned faces 1.10, MNIST 1.12, Fashion-MNIST
# 1.17, and glyphs, icons, small digits and medical slices 1.6 to 4.
_AS_WELL = 1.05
# Further than that, shifts gain nothing with patches of 16 to 32 pixels.
_FURTHEST, _SHARE_OF_SIDE = 4, 8


def furthest_shift(images: NDArray[np.uint8]) -> int:
    """Tells by how many pixels images can be shifted so that PCA describes them as well.

    Where it does, what is seen does not depend on the place (a stationary process), and shifted
    copies are further images to train on. Where it does not, the images are aligned, as digits
    in the middle are, and shifted ones have to be learnt besides. PCA is fitted on the inner part
    of half of the images, so that the others can be shifted without an edge that comes in.

    Args:
        images: A sample, `uint8`, `(images, height, width)` or with channels.

    Returns:
        Pixels, at most an eighth of the smaller side and at most 4; 0 for aligned images, and for
        those too small to tell.

    Example:

    >>> patches = np.random.RandomState(0).randint(0, 256, (400, 16, 16)).astype(np.uint8)
    >>> aligned = patches.copy()
    >>> aligned[:, :, 8:] = 0
    >>> furthest_shift(patches), furthest_shift(aligned)
    (2, 0)
    """
    from sklearn.decomposition import PCA

    margin = min(_FURTHEST, min(images.shape[1:3]) // _SHARE_OF_SIDE)
    if not margin or len(images) < 4:
        return 0
    seen, others = images[::2], images[1::2]
    with np.errstate(invalid="ignore"):
        # Of images that are all the same, scikit-learn's shares of the variance are 0 / 0.
        pca = PCA(min(_COMPONENTS, len(seen) // 2), random_state=0).fit(_inner(seen, margin))

    def error(down: int = 0, right: int = 0) -> float:
        inner = _inner(others, margin, down, right)
        found = pca.inverse_transform(pca.transform(inner))
        return float(np.square(found - inner).mean(dtype=np.float64))

    most = _AS_WELL * error()
    for shift in range(margin, 0, -1):
        ways = ((shift, 0), (-shift, 0), (0, shift), (0, -shift))
        if 0 < np.mean([error(*way) for way in ways]) <= most:
            return shift
    return 0


def _inner(
    images: NDArray[np.uint8], margin: int, down: int = 0, right: int = 0
) -> NDArray[np.float32]:
    """Returns the images without a margin, from another place on, as rows of floats."""
    height, width = images.shape[1:3]
    rows = slice(margin + down, height - margin + down)
    columns = slice(margin + right, width - margin + right)
    return as_floats(images[:, rows, columns]).reshape(len(images), -1)
