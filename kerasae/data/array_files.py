"""Files of arrays of images: `.npy`, `.npz` and IDX, checked before they are used."""

from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from kerasae.data.idx import MNIST_FILES, idx_file, read_idx
from kerasae.data.image_checks import check_images, check_labelled
from kerasae.data.npz import MNIST_ARRAYS, map_npy, npz_names, read_npz
from kerasae.data.picture_files import is_picture
from kerasae.errors import DataError

# What arrays an `.npz` file of more than one may hold, and which of them are images and labels.
_LAYOUTS = ({"images", "labels"}, {"x_train", "x_test"}, set(MNIST_ARRAYS))
_PAIRS = (("images", "labels"), ("x_train", "y_train"), ("x_test", "y_test"))
_NAMES_SHOWN = 10


class ImageArray(NamedTuple):
    """Images as a file holds them.

    Args:
        images: The images; see `image_checks.check_images`.
        labels: Their labels, whole numbers, `(images,)`, or `None`.
    """

    images: NDArray[Any]
    labels: NDArray[Any] | None = None


def read_image_arrays(path: Path) -> list[ImageArray]:
    """Reads a file of images, or a folder with the four IDX files of MNIST's names.

    Args:
        path: An `.npy` file of images, which is mapped; an `.npz` file with one array, with
            `images` and `labels`, or with `x_train`, `x_test` and their `y_train`, `y_test`;
            or an IDX file, plain or `.gz`.

    Returns:
        The images, checked to be images of one or three channels; the training and the test
        images apart where the file splits them.

    Raises:
        DataError: If it is not such a file.
    """
    arrays = [_checked(path, array) for array in _read(path)]
    shapes = [array.images.shape[1:] for array in arrays]
    if len(set(shapes)) > 1:
        raise DataError(
            f"{path}: the training images have the shape {shapes[0]}, the test images "
            f"{shapes[1]}; expected one shape"
        )
    return arrays


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
    arrays = read_image_arrays(path)
    if len(arrays) > 1:
        raise DataError(f"{path}: holds training and test images; expected one array of images")
    return arrays[0].images


def _read(path: Path) -> list[ImageArray]:
    if path.is_dir():
        train, train_labels, test, test_labels = (
            read_idx(idx_file(path, name)) for name in MNIST_FILES
        )
        return [ImageArray(train, train_labels), ImageArray(test, test_labels)]
    if is_picture(path):
        raise DataError(f"{path}: is one picture; expected a folder of them")
    if path.suffix == ".npy":
        return [ImageArray(map_npy(path))]
    return _from_npz(path) if path.suffix == ".npz" else [ImageArray(read_idx(path))]


def _from_npz(path: Path) -> list[ImageArray]:
    names = npz_names(path)
    if len(names) == 1:
        return [ImageArray(*read_npz(path, names))]
    if set(names) not in _LAYOUTS:
        raise DataError(
            f"{path}: holds {', '.join(names[:_NAMES_SHOWN]) or 'nothing'}; expected one array, or "
            f"images and labels, or {', '.join(MNIST_ARRAYS)}"
        )
    arrays = dict(zip(names, read_npz(path, names), strict=True))
    return [ImageArray(arrays[one], arrays.get(other)) for one, other in _PAIRS if one in arrays]


def _checked(path: Path, array: ImageArray) -> ImageArray:
    images, labels = array
    if labels is None:
        check_images(images, str(path))
    else:
        labels = check_labelled(images, labels, str(path))
    if images.ndim == 4 and images.shape[3] not in (1, 3):
        raise DataError(f"{path}: the images have {images.shape[3]} channels; expected 1 or 3")
    return ImageArray(images, labels)
