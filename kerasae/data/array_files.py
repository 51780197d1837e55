"""Files of arrays of images: `.npy`, `.npz` and IDX, checked before they are used."""

import dataclasses
import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from kerasae.data.idx import read_idx
from kerasae.data.image_checks import check_images
from kerasae.data.named_sets import IDX_FILES, NPZ_KEYS
from kerasae.data.npz import MOST_BYTES, map_npy, read_npz
from kerasae.data.picture_files import is_picture
from kerasae.errors import DataError
from kerasae.files.bounded_zip import member_names
from kerasae.files.local_files import open_local, refusing

_TRAIN, _TRAIN_LABELS, _TEST, _TEST_LABELS = NPZ_KEYS
_NAMES_SHOWN = 10


@dataclasses.dataclass(frozen=True)
class ImageArrays:
    """Images as a file holds them.

    Args:
        train: The training images, or all images; see `image_checks.check_images`.
        labels: Their labels, whole numbers, `(images,)`, or `None`.
        test: The test images, or `None` where the file does not split its images.
        test_labels: Their labels, or `None`.
    """

    train: NDArray[Any]
    labels: NDArray[Any] | None = None
    test: NDArray[Any] | None = None
    test_labels: NDArray[Any] | None = None


def read_image_arrays(path: Path) -> ImageArrays:
    """Reads a file of images, or a folder with the four IDX files of MNIST's names.

    Args:
        path: An `.npy` file of images, which is mapped; an `.npz` file with one array, with
            `images` and `labels`, or with `x_train`, `x_test` and their `y_train`, `y_test`;
            or an IDX file, plain or `.gz`.

    Returns:
        The images, checked to be images of one or three channels.

    Raises:
        DataError: If it is not such a file.
    """
    if path.is_dir():
        return _checked(path, _idx_folder(path))
    if is_picture(path):
        raise DataError(f"{path}: is one picture; expected a folder of them")
    if path.suffix == ".npy":
        return _checked(path, ImageArrays(map_npy(path)))
    if path.suffix == ".npz":
        return _checked(path, _from_npz(path))
    return _checked(path, ImageArrays(read_idx(path)))


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
    if arrays.test is not None:
        raise DataError(f"{path}: holds training and test images; expected one array of images")
    return arrays.train


def _from_npz(path: Path) -> ImageArrays:
    with refusing(path, DataError), open_local(path, MOST_BYTES) as file:
        names = [name.removesuffix(".npy") for name in member_names(file)]
    if set(names) == set(NPZ_KEYS):
        return ImageArrays(*read_npz(path, NPZ_KEYS))
    if set(names) == {_TRAIN, _TEST}:
        train, test = read_npz(path, (_TRAIN, _TEST))
        return ImageArrays(train, test=test)
    if set(names) == {"images", "labels"}:
        return ImageArrays(*read_npz(path, ("images", "labels")))
    if len(names) == 1:
        return ImageArrays(*read_npz(path, names))
    raise DataError(
        f"{path}: holds {', '.join(names[:_NAMES_SHOWN]) or 'nothing'}; expected one array, or "
        f"images and labels, or {', '.join(NPZ_KEYS)}"
    )


def _idx_folder(folder: Path) -> ImageArrays:
    arrays = []
    for stem in IDX_FILES:
        path = folder / stem
        arrays.append(read_idx(path if os.path.lexists(path) else folder / f"{stem}.gz"))
    return ImageArrays(*arrays)


def _checked(path: Path, arrays: ImageArrays) -> ImageArrays:
    labels = _checked_images(path, arrays.train, arrays.labels)
    if arrays.test is None:
        return ImageArrays(arrays.train, labels)
    test_labels = _checked_images(path, arrays.test, arrays.test_labels)
    if arrays.test.shape[1:] != arrays.train.shape[1:]:
        raise DataError(
            f"{path}: the training images have the shape {arrays.train.shape[1:]}, the test "
            f"images {arrays.test.shape[1:]}; expected one shape"
        )
    return ImageArrays(arrays.train, labels, arrays.test, test_labels)


def _checked_images(
    path: Path, images: NDArray[Any], labels: NDArray[Any] | None
) -> NDArray[Any] | None:
    check_images(images, str(path))
    if images.ndim == 4 and images.shape[3] not in (1, 3):
        raise DataError(f"{path}: the images have {images.shape[3]} channels; expected 1 or 3")
    if labels is None:
        return None
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind not in "iu" or labels.shape != (len(images),):
        raise DataError(
            f"{path}: received labels {labels.dtype} of shape {labels.shape}; expected a whole "
            f"number for each of the {len(images):,} images"
        )
    return labels
