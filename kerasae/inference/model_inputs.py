"""Images for a trained model: pictures and files of arrays, converted to the model's shape."""

import dataclasses
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kerasae.data.array_files import is_array_file, read_one_array
from kerasae.data.picture_files import Picture, PictureReader, find_pictures, is_picture, pixels_of
from kerasae.data.pixels import as_bytes, as_floats
from kerasae.errors import DataError, InvalidSetting

BATCH = 64


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
        paths: Pictures, folders of them, and files of one array of images (`.npy`, `.npz`, IDX).
        skip_bad: Whether to leave out pictures that cannot be read, instead of refusing all.

    Attributes:
        images: The images, in the order of `paths`.
        skipped: A line for each picture left out; decoding may add some.
        read: How many images `batches` has yielded.

    Raises:
        DataError: If one is missing or cannot be read, or two would have the same name.

    Example:

    >>> ModelInputs([Path("missing.png")])
    Traceback (most recent call last):
        ...
    kerasae.errors.DataError: missing.png: there is no such file or folder; expected pictures
    """

    def __init__(self, paths: Sequence[Path], *, skip_bad: bool = False) -> None:
        self._reader = PictureReader(skip_bad=skip_bad)
        self.skipped = self._reader.skipped
        self.read = 0
        self._arrays: dict[Path, NDArray[np.uint8 | np.floating]] = {}
        inputs = [one for path in paths for one in self._inputs_in(path)]
        _check_names(inputs)
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
            return [Input(file, file.relative_to(path)) for file in find_pictures(path)]
        if not os.path.exists(path):
            raise DataError(f"{path}: there is no such file or folder; expected pictures")
        if is_picture(path):
            return [Input(path, PurePath(path.name))]
        if not is_array_file(path):
            raise DataError(
                f"{path}: is no PNG, JPEG, WebP, TIFF or BMP picture, and no npy, npz or IDX file; "
                f"expected images"
            )
        self._arrays[path] = read_one_array(path)
        name = PurePath(path.name).with_suffix(".npy")
        return [Input(path, name, row) for row in range(len(self._arrays[path]))]

    def _read(self, one: Input) -> Picture | None:
        if one.row is None:
            return self._reader.read(one.path)
        (pixels,) = as_bytes(self._arrays[one.path][one.row, None])
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
