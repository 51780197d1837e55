"""Files of arrays of images: `.npy`, `.npz` and IDX, checked before they are used."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from kerasae.data.idx import MNIST_FILES, idx_file, read_idx
from kerasae.data.image_checks import check_images, check_labelled
from kerasae.data.npz import MNIST_ARRAYS, map_npy, npz_names, read_npz
from kerasae.data.picture_files import is_picture
from kerasae.errors import DataError

_NAMES_SHOWN = 10


class ImageArrays(NamedTuple):
    """The images in a file, or in its training or test set.

    Args:
        images: The images; see `image_checks.check_images`.
        labels: Their labels, whole numbers, `(images,)`, or `None`.
    """

    images: NDArray[Any]
    labels: NDArray[Any] | None = None


def read_image_arrays(path: Path) -> list[ImageArrays]:
    """Reads a file of images, or a folder with the four IDX files of MNIST's names.

    Args:
        path: An `.npy` file of images, which is mapped; an `.npz` file with one array, with
            `images` and `labels`, or with `x_train`, `x_test` and their `y_train`, `y_test`;
            or an IDX file, plain or `.gz`.

    Returns:
        All images, or the training images and the test images, checked to be images of one or
        three channels.

    Raises:
        DataError: If it is not such a file.
    """
    parts = [_checked(str(path), *part) for part in _parts_in(path)]
    shapes = [part.images.shape[1:] for part in parts]
    if shapes[0] != shapes[-1]:
        raise DataError(
            f"{path}: the training images have the shape {shapes[0]}, the test images "
            f"{shapes[-1]}; expected one shape"
        )
    return parts


def is_array_file(path: Path) -> bool:
    """Tells by its name whether a file holds arrays of images.

    Example:

    >>> is_array_file(Path("a.npy")), is_array_file(Path("t10k-images-idx3-ubyte.gz"))
    (True, True)
    """
    return path.suffix in (".npy", ".npz") or "-idx" in path.name


def read_one_array(path: Path) -> NDArray[Any]:
    """Reads a file that holds one array of images; see `read_image_arrays`.

    Raises:
        DataError: If it is not such a file, or holds training and test images.
    """
    parts = read_image_arrays(path)
    if len(parts) > 1:
        raise DataError(f"{path}: holds training and test images; expected one array of images")
    return parts[0].images


def _parts_in(path: Path) -> list[ImageArrays]:
    if path.is_dir():
        return _in_pairs([read_idx(idx_file(path, name)) for name in MNIST_FILES])
    if is_picture(path):
        raise DataError(f"{path}: is one picture; expected a folder of them")
    if path.suffix == ".npz":
        return _in_npz(path)
    return [ImageArrays(map_npy(path) if path.suffix == ".npy" else read_idx(path))]


def _in_npz(path: Path) -> list[ImageArrays]:
    names = sorted(npz_names(path))
    if names == sorted(MNIST_ARRAYS):
        return _in_pairs(read_npz(path, MNIST_ARRAYS))
    if names == ["x_test", "x_train"]:
        return [ImageArrays(images) for images in read_npz(path, ("x_train", "x_test"))]
    if len(names) == 1 or names == ["images", "labels"]:
        return [ImageArrays(*read_npz(path, names))]
    raise DataError(
        f"{path}: holds {', '.join(names[:_NAMES_SHOWN]) or 'nothing'}; expected one array, or "
        f"images and labels, or {', '.join(MNIST_ARRAYS)}"
    )


def _in_pairs(arrays: Sequence[NDArray[Any]]) -> list[ImageArrays]:
    return [ImageArrays(*arrays[:2]), ImageArrays(*arrays[2:])]


def _checked(name: str, images: NDArray[Any], labels: NDArray[Any] | None) -> ImageArrays:
    if labels is None:
        check_images(images, name)
    else:
        labels = labels[:, 0] if labels.shape[1:] == (1,) else labels
        check_labelled(images, labels, name)
    if images.ndim == 4 and images.shape[3] not in (1, 3):
        raise DataError(f"{name}: the images have {images.shape[3]} channels; expected 1 or 3")
    return ImageArrays(images, labels)
