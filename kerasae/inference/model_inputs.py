"""Images for a trained model: pictures and files of arrays, converted to the model's shape."""

import dataclasses
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kerasae.data.array_files import is_array_file, read_image_arrays
from kerasae.data.array_roles import ALL, TEST
from kerasae.data.named_sets import DATASETS, load_named
from kerasae.data.picture_files import (
    KINDS,
    WHITE_16,
    Picture,
    PictureReader,
    is_picture,
    pillow_quiet,
    pixels_of,
)
from kerasae.data.picture_listing import find_pictures
from kerasae.data.pixel_scale import PixelScale, scale_of
from kerasae.data.pixels import as_floats
from kerasae.errors import DataError, InvalidSetting
from kerasae.memory import check_memory

BATCH = 64
_INPUT = 500  # bytes of an `Input`, and of what is told of it
_PARTS = ("train", "validation", TEST, ALL)


@dataclasses.dataclass(frozen=True)
class Input:
    """A picture that a user names or that lies in a folder that they name, or a row of a file.

    Args:
        path: The file.
        name: What the result is called: its path inside the folder, or the file's name; for a
            row of a file of arrays, that with the ending `.npy`.
        row: The number of the image in a file of arrays; `None` for a picture.
    """

    path: Path
    name: PurePath
    row: int | None = None

    @property
    def title(self) -> str:
        """The path, with the row after it: `codes.npy[3]`."""
        return str(self.path) if self.row is None else f"{self.path}[{self.row}]"


@dataclasses.dataclass(frozen=True)
class Batch:
    """Some images.

    Args:
        inputs: Where they come from.
        pictures: As they are.
        images: As the model takes them, in [0, 1], `float32`, `(images, *image_shape)`.
    """

    inputs: Sequence[Input]
    pictures: Sequence[Picture]
    images: NDArray[np.float32]


class ModelInputs:
    """The images that files and folders name; what their files say is checked at once.

    Args:
        paths: Pictures, folders of them, files of arrays of images (`.npy`, `.npz`, CSV, IDX) and
            names of data sets.
        skip_bad: Whether to leave out pictures that cannot be read, instead of refusing all.
        part: Which images to take of a file or a data set that tells training and test images
            apart: `train`, `validation`, `test` or `all`.
        white: The number that is white in images of more than 8 bits, as the run has recorded it;
            `None` where those that it was trained on have no more.
        data_dir: Folder of MNIST's kin; see `load_dataset`.

    Attributes:
        images: The images, in the order of `paths`.
        skipped: A line for each picture and kind of file left out; decoding may add some.
        notes: Lines on what was taken otherwise than it stands in the files.
        read: How many images `batches` has yielded.

    Raises:
        DataError: If one is missing or cannot be read, or two would have the same name.

    Example:

    >>> ModelInputs([Path("missing.png")])
    Traceback (most recent call last):
        ...
    kerasae.errors.DataError: missing.png: there is no such file or folder; expected pictures
    """

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        skip_bad: bool = False,
        part: str = TEST,
        white: float | None = None,
        data_dir: Path | None = None,
    ) -> None:
        if part not in _PARTS:
            raise InvalidSetting("part", part, f"one of {', '.join(_PARTS)}")
        self._part, self._white, self._data_dir = part, white, data_dir
        self._reader = PictureReader(skip_bad=skip_bad, white=white or WHITE_16)
        self.skipped = self._reader.skipped
        self.notes: list[str] = []
        self.read = 0
        self._arrays: dict[Path, NDArray[Any]] = {}
        self._scales: dict[Path, PixelScale] = {}
        inputs = [one for path in paths for one in self._inputs_in(path)]
        _check_names(inputs)
        with pillow_quiet():
            self.images = [
                one for one in inputs if one.row is not None or self._reader.measure(one.path)
            ]
        if not self.images:
            raise DataError(f"none of the {len(inputs):,} pictures can be read")

    def shape_of(self, path: Path) -> tuple[int, ...]:
        """The shape of the array in a file, with the number of images first."""
        return self._arrays[path].shape

    def common_size(self) -> tuple[int, int] | None:
        """Height and width that all images have; `None` where they differ."""
        sizes = set()
        with pillow_quiet():
            for one in self.images:
                if one.row is not None:
                    height, width = self.shape_of(one.path)[1:3]
                    sizes.add((height, width))
                elif (kind := self._reader.measure(one.path)) is not None:
                    sizes.add(kind.size)
                if len(sizes) > 1:
                    return None
        return next(iter(sizes), None)

    def batches(self, image_shape: Sequence[int]) -> Iterator[Batch]:
        """Reads the images, converts them to a model's size and colours, and yields them in order.

        Args:
            image_shape: `(height, width)` or `(height, width, channels)`, of 1 or 3 channels.

        Raises:
            DataError: If a picture cannot be read, or none of them can.
            InvalidSetting: If the model takes images of other channels.
        """
        height, width, *channels = image_shape
        if channels not in ([], [1], [3]):
            raise InvalidSetting(
                "model", f"images of {channels[0]} channels", "one of 1 or 3 channels"
            )
        size, gray = (height, width), channels != [3]
        batch, self.read = None, 0
        for start in range(0, len(self.images), BATCH):
            part = self.images[start : start + BATCH]
            with pillow_quiet():
                read = [(one, picture) for one in part if (picture := self._read(one)) is not None]
            if read:
                inputs, pictures = zip(*read, strict=True)
                pixels = [pixels_of(picture.image, size, gray=gray) for picture in pictures]
                images = as_floats(np.stack(pixels)).reshape(-1, *image_shape)
                batch = Batch(inputs, pictures, images)
                self.read += len(read)
                yield batch
        if batch is None:
            raise DataError(f"none of the {len(self.images):,} pictures can be read")

    def _inputs_in(self, path: Path) -> list[Input]:
        # pathlib's raise OSError for a name that is too long to exist.
        if os.path.isdir(path):
            found = find_pictures(path)
            self.skipped += found.left_out
            return [Input(file, file.relative_to(path)) for file in found.files]
        if not os.path.exists(path):
            if str(path) not in DATASETS:
                raise DataError(f"{path}: there is no such file or folder; expected pictures")
            data = load_named(str(path), self._data_dir)
            return self._rows_of(path, {"train": data.train, TEST: data.test}, PixelScale(255))
        if is_picture(path):
            return [Input(path, PurePath(path.name))]
        if not is_array_file(path):
            raise DataError(
                f"{path}: is no {KINDS} picture, and no npy, npz, CSV or IDX file; expected images"
            )
        arrays = read_image_arrays(path)
        parts = {name: one.images for name, one in arrays.parts.items()}
        scale = scale_of(list(parts.values()), str(path), self._white)
        self.notes += [*arrays.notes, *scale.notes(str(path))]
        return self._rows_of(path, parts, scale)

    def _rows_of(
        self, path: Path, parts: dict[str, NDArray[Any]], scale: PixelScale
    ) -> list[Input]:
        if ALL in parts:
            images = parts[ALL]
        elif self._part == ALL:
            images = np.concatenate(list(parts.values()))
        elif self._part in parts:
            images = parts[self._part]
        else:
            held = ", ".join(parts)
            raise DataError(f"{path}: has no {self._part} images; choose --part {held} or all")
        check_memory(
            f"{path}: a list of {len(images):,} images", _INPUT * len(images), "take fewer"
        )
        self._arrays[path], self._scales[path] = images, scale
        name = PurePath(path.name).with_suffix(".npy")
        return [Input(path, name, row) for row in range(len(images))]

    def _read(self, one: Input) -> Picture | None:
        if one.row is None:
            return self._reader.read(one.path)
        (pixels,) = self._scales[one.path].to_bytes(self._arrays[one.path][one.row, None])
        image = Image.fromarray(pixels)
        return Picture(image, image.mode)


def _check_names(inputs: Sequence[Input]) -> None:
    names: dict[tuple[PurePath, int | None], Input] = {}
    for one in inputs:
        first = names.setdefault((one.name, one.row), one)
        if first is not one:
            raise DataError(
                f"{first.path} and {one.path}: both are called {one.name}; expected different "
                f"names, name the folder above them instead"
            )
