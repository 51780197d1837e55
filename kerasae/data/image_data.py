"""A data set in memory, and which of its images are trained on, held out and tested."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerasae.data.classes import classes_of
from kerasae.data.idx import idx_md5
from kerasae.data.image_store import new_images
from kerasae.data.pixel_scale import PixelScale, scale_of
from kerasae.data.stationarity import furthest_shift
from kerasae.errors import InvalidSetting
from kerasae.experiment import Experiment

_SPLIT_SEED = 0
_ROWS = 1024  # converted at once
# How much of them says what images are like: so many images, and so many numbers.
_SAMPLE, _SAMPLED = 1000, 1 << 22
_FASHION = (
    "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
    "ankle boot",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Part:
    """Some images of an array, without a copy of them.

    Args:
        images: All images of the array, `uint8`, `(images, *image_shape)`.
        rows: Which of them, sorted, `int32`, `(rows,)`.
    """

    images: NDArray[np.uint8]
    rows: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.rows)

    def taken(self) -> NDArray[np.uint8]:
        """Returns a copy of the images."""
        return self.images[self.rows]


class PictureFile(NamedTuple):
    """The file of a picture.

    Args:
        name: Its path below the folder, with `/`.
        md5: Checksum of its bytes.
    """

    name: str
    md5: str


class Parts(NamedTuple):
    """Which images are trained on, held out to validate by, and tested."""

    train: Part
    validation: Part
    test: Part


@dataclasses.dataclass(frozen=True, repr=False)
class ImageData:
    """Images and labels, split into training and test sets.

    Args:
        name: Name of the data set, or the path of images of your own.
        train: Training images, `uint8`, `(images, height, width)`, or
            `(images, height, width, 3)` in colour.
        train_labels: Their classes, `uint8`, `(images,)`; of your own images, `int64`.
        test: Test images, like `train`.
        test_labels: Their classes.
        class_names: Names of the classes of your own images; empty where they have none.
        skipped: A line for each of your own images that could not be read, and for each kind of
            files that are none.
        validation: Images to validate by that came with the data, like `train`; `None` where
            they are held out of the training images.
        train_files: The file of each training image, where they are pictures of a folder.
        validation_files: The same of `validation`.
        test_files: The same of `test`.
        unused_files: The same of training images that are left out; see `with_train_images`.
        copy_of: A number for each training image, `int32`, `(images,)`, which is the same for those
            that were saved as the same bytes; `None` where there are no copies.
        notes: Lines on what was taken otherwise than it stands in the files.
        white: The number in the files that is white, where that is not 255, or 1.0 of floats.
    """

    name: str
    train: NDArray[np.uint8]
    train_labels: NDArray[np.integer]
    test: NDArray[np.uint8]
    test_labels: NDArray[np.integer]
    class_names: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    validation: NDArray[np.uint8] | None = None
    train_files: tuple[PictureFile, ...] = ()
    validation_files: tuple[PictureFile, ...] = ()
    test_files: tuple[PictureFile, ...] = ()
    unused_files: tuple[PictureFile, ...] = ()
    copy_of: NDArray[np.int32] | None = None
    notes: tuple[str, ...] = ()
    white: float | None = None

    @classmethod
    def from_arrays(
        cls,
        images: NDArray[Any],
        labels: NDArray[Any] | None = None,
        *,
        test: NDArray[Any] | None = None,
        test_labels: NDArray[Any] | None = None,
        validation: NDArray[Any] | None = None,
        name: str = "array",
    ) -> ImageData:
        """Makes a data set of arrays; those of `uint8` are not copied.

        Args:
            images: Training images, `(images, height, width)` or
                `(images, height, width, channels)`: `uint8`, floats in [0, 1], or other whole
                numbers, which one scale makes `uint8` (see `pixel_scale.scale_of`).
            labels: Their classes, whole numbers or names, `(images,)`; `None` is one class.
            test: Test images of the same shape; `None` for none.
            test_labels: Their classes. Where the test images have none, no image has.
            validation: Images to validate by; `None` holds some of the training images out.
            name: What the data are called in headings and in the names of files.

        Raises:
            DataError: If a number is negative, not finite, or too large.
            InvalidSetting: If an array is of another type or shape.

        Example:

        >>> data = ImageData.from_arrays(np.zeros((10, 4, 4), np.uint8))
        >>> data
        ImageData('array', 10 training and 0 test images, 4 x 4)
        >>> [len(part) for part in data.parts(validation_split=0.2)]
        [8, 2, 0]
        """
        _check_images("images", images)
        if test is None:
            test = images[:0]
            if labels is not None and test_labels is None:
                test_labels = np.asarray(labels)[:0]
        for title, others in (("test", test), ("validation", validation)):
            if others is not None:
                _check_images(title, others, images.shape[1:])
        if validation is not None and not len(validation):
            raise InvalidSetting("validation", "no images", "at least one, or None")
        classes, numbers = classes_of(labels, len(images), test_labels, len(test))
        arrays = [one for one in (images, test, validation) if one is not None]
        scale = None if all(one.dtype == np.uint8 for one in arrays) else scale_of(arrays, name)
        train, tests, *rest = (one if scale is None else _scaled(one, scale) for one in arrays)
        return cls(
            name, train, numbers[0], tests, numbers[1],
            class_names=classes,
            validation=rest[0] if rest else None,
            notes=scale.notes(name) if scale else (),
            white=scale.recorded if scale else None,
        )  # fmt: skip

    def __repr__(self) -> str:
        size = " x ".join(map(str, self.train.shape[1:]))
        counts = f"{len(self.train):,} training and {len(self.test):,} test images"
        return f"ImageData({self.name!r}, {counts}, {size})"

    @property
    def title(self) -> str:
        """A short name for headings and for the names of files and folders."""
        return short_name(self.name)

    @property
    def pixels(self) -> int:
        """Numbers in one image."""
        return math.prod(self.train.shape[1:])

    @functools.cached_property
    def variance(self) -> float:
        """The sum of the pixels' variances, with pixels in [0, 1], of a sample for training."""
        return float((self._sample() / 255.0).var(axis=0).sum())

    @functools.cached_property
    def furthest_shift(self) -> int:
        """By how many pixels images can be shifted and be like the others, in a sample of them."""
        return furthest_shift(self._sample())

    def _sample(self) -> NDArray[np.uint8]:
        most = min(len(self.train), _SAMPLE, max(2, _SAMPLED // self.pixels))
        rows = np.linspace(0, len(self.train) - 1, most).astype(int)
        return self.train[rows]

    def checksums(self) -> tuple[str, ...]:
        """Returns the MD5 of each array as an IDX file: images and labels, training, test."""
        arrays = [self.train, self.train_labels, self.test, self.test_labels]
        if self.validation is not None:
            arrays.append(self.validation)
        return tuple(idx_md5(array) for array in arrays)

    def resolved(self, experiment: Experiment, threads: int = 1) -> Experiment:
        """Returns settings with those that follow from these images; see `Experiment.resolved`.

        Args:
            experiment: The settings.
            threads: Threads that a training computes with; those of a sweep or study have one.

        Raises:
            InvalidSetting: If there are too few images to train on, or they are smaller than they
                are to be shifted.
        """
        side = min(self.train.shape[1:3])
        if experiment.shift is not None and experiment.shift > side:
            raise InvalidSetting("shift", experiment.shift, f"at most {side}, the images' side")
        images = len(self.parts(experiment.validation_split).train)
        return experiment.resolved(
            images,
            self.pixels,
            variance=self.variance,
            furthest_shift=self.furthest_shift if experiment.follows_shift else 0,
            threads=threads,
        )

    def parts(self, validation_split: float) -> Parts:
        """Says which images are which; there is no other place that does.

        Args:
            validation_split: Share of the training images to hold out, in [0, 1); see
                `validation_rows`. It has no meaning where validation images came with the data.

        Returns:
            The `Parts`; those that are empty have no rows.
        """
        if self.validation is None:
            rows, held_out = validation_rows(len(self.train), validation_split, self.copy_of)
            train, validation = Part(self.train, rows), Part(self.train, held_out)
        else:
            train, validation = _whole(self.train), _whole(self.validation)
        return Parts(train, validation, _whole(self.test))

    def with_train_images(self, count: int | None) -> ImageData:
        """Returns the data with so many of the training images, chosen by a fixed seed.

        Args:
            count: How many, held-out ones among them; `None` keeps all.

        Raises:
            InvalidSetting: If there are fewer.

        Example:

        >>> data = ImageData.from_arrays(np.zeros((20, 4, 4), np.uint8))
        >>> len(data.with_train_images(5).train)
        5
        """
        if count is None or count == len(self.train):
            return self
        if count > len(self.train):
            expected = f"at most the {len(self.train):,} training images"
            raise InvalidSetting("train_images", count, expected)
        # The last of the order that the split takes its held-out images from the front of, so
        # that none of those of the whole set is trained on.
        rows = np.sort(np.random.RandomState(_SPLIT_SEED).permutation(len(self.train))[-count:])
        chosen, copies = set(rows.tolist()), None
        if self.copy_of is not None:
            copies = np.unique(self.copy_of[rows], return_inverse=True)[1].astype(np.int32)
        files = [(row in chosen, file) for row, file in enumerate(self.train_files)]
        return dataclasses.replace(
            self,
            train=self.train[rows],
            train_labels=self.train_labels[rows],
            train_files=tuple(file for taken, file in files if taken),
            unused_files=tuple(file for taken, file in files if not taken),
            copy_of=copies,
        )

    def counts(self, validation_split: float) -> str:
        """Says in a line what the images were understood to be.

        Example:

        >>> ImageData.from_arrays(np.zeros((20, 4, 4), np.uint8)).counts(0.1)
        '20 images of 4 x 4; train 18, validation 2, test 0'
        """
        parts = self.parts(validation_split)
        named = zip(parts._fields, map(len, parts), strict=True)
        total, classes = sum(map(len, parts)), len(self.class_names)
        size = " x ".join(map(str, self.train.shape[1:]))
        kinds = f", {classes:,} class{'es' if classes > 1 else ''}" if classes else ""
        split = ", ".join(f"{name} {count:,}" for name, count in named)
        return f"{total:,} images of {size}{kinds}; {split}"


def _check_images(name: str, images: Any, shape: tuple[int, ...] | None = None) -> None:
    received = f"{getattr(images, 'dtype', type(images).__name__)} {np.shape(images)}"
    if not isinstance(images, np.ndarray) or images.dtype.kind not in "biuf":
        raise InvalidSetting(name, received, "an array of floats in [0, 1], or of whole numbers")
    if shape is not None and images.shape[1:] != shape:
        raise InvalidSetting(name, received, f"images of {shape}, the shape of those to train on")
    if shape is None and (images.ndim not in (3, 4) or 0 in images.shape):
        expected = "(images, height, width) or (images, height, width, channels), none of them 0"
        raise InvalidSetting(name, received, expected)


def _scaled(images: NDArray[Any], scale: PixelScale) -> NDArray[np.uint8]:
    """Converts images a block at a time: floats of all of them take eight times the memory."""
    result = new_images(images.shape)
    for start in range(0, len(images), _ROWS):
        block = images[start : start + _ROWS]
        result[start : start + _ROWS] = scale.to_bytes(block).reshape(block.shape)
    return result


def _whole(images: NDArray[np.uint8]) -> Part:
    return Part(images, np.arange(len(images), dtype=np.int32))


def short_name(dataset: str) -> str:
    """Returns a data set's name, or the last part of its path, as part of a file's name.

    Example:

    >>> short_name("mnist"), short_name("../my photos [1]/"), short_name("/")
    ('mnist', 'my-photos-1', 'images')
    """
    stem = PurePath(dataset).name
    return re.sub(r"[^\w.]+", "-", stem).strip("-.") or "images"


def class_names(data: ImageData) -> list[str]:
    """Returns the name of each class of a data set, by its number.

    Args:
        data: The data set; without names of its own, its classes are called by their numbers.

    Returns:
        The names; none where all images are of one class without a name.

    Example:

    >>> from kerasae.data.datasets import load_dataset
    >>> class_names(load_dataset("mnist5k"))[:3]
    ['0', '1', '2']
    """
    if data.class_names:
        return list(data.class_names)
    if data.name == "fashion_mnist":
        return list(_FASHION)
    last = max(int(labels.max(initial=0)) for labels in (data.train_labels, data.test_labels))
    return [str(number) for number in range(last + 1)] if last else []


def validation_rows(
    count: int, validation_split: float, copy_of: Sequence[int] | NDArray[np.int32] | None = None
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Splits the rows of the training set into those to train on and those held out.

    The split is the same for every seed of an experiment, so that trials can be compared
    and PCA is fitted once. `RandomState`'s stream is frozen by NumPy's policy.

    Args:
        count: Number of training images.
        validation_split: Share to hold out, in [0, 1). Of two images or more, a share above 0
            holds out at least one, and leaves at least one.
        copy_of: For each image the number of the first that is the same; all copies of an image
            are on one side, so that more may be held out. `None` where no two are the same.

    Returns:
        The rows to train on and the rows held out, each sorted.

    Example:

    >>> [len(rows) for rows in validation_rows(100, 0.1)]
    [90, 10]
    >>> [len(rows) for rows in validation_rows(4, 0.1)]
    [3, 1]
    >>> [rows.tolist() for rows in validation_rows(4, 0.5, [0, 1, 0, 3])]
    [[1, 3], [0, 2]]
    """
    order = np.random.RandomState(_SPLIT_SEED).permutation(count).astype(np.int32)
    held_out = 0
    if validation_split and count > 1:
        held_out = min(max(1, round(count * validation_split)), count - 1)
    if copy_of is None:
        return np.sort(order[held_out:]), np.sort(order[:held_out])
    copies = np.asarray(copy_of)
    firsts = list(dict.fromkeys(copies[order].tolist()))
    sizes = np.bincount(copies, minlength=count)[firsts]
    groups = int(np.searchsorted(np.cumsum(sizes), held_out)) + 1 if held_out else 0
    apart = np.isin(copies, firsts[: min(groups, len(firsts) - 1)])
    rows = np.arange(count, dtype=np.int32)
    return rows[~apart], rows[apart]
