"""A folder of pictures as a data set."""

import collections
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kerasae.data.image_store import new_images
from kerasae.data.picture_files import PictureKind, PictureReader, find_pictures, pixels_of
from kerasae.errors import DataError

_SIZES_NAMED = 5


@dataclasses.dataclass(frozen=True)
class PictureSet:
    """The pictures of a part of a folder.

    Args:
        images: `uint8`, `(images, height, width)` or `(images, height, width, 3)`.
        rows: Which files of the folder they are, `(images,)`.
    """

    images: NDArray[np.uint8]
    rows: NDArray[np.intp]


class PictureFolder:
    """The pictures of a folder, measured but not decoded.

    Args:
        folder: The folder; the names of its sub-folders are the classes.
        image_size: Height and width to convert to; `None` where all have one size.
        grayscale: Whether to convert to grayscale. Without it, pictures are RGB as soon as
            one of them has colours.
        skip_bad: Whether to leave out pictures that cannot be read, instead of refusing all.

    Raises:
        DataError: If there are no pictures, one cannot be read, or their sizes differ.
    """

    def __init__(
        self,
        folder: Path,
        image_size: tuple[int, int] | None = None,
        grayscale: bool = False,
        skip_bad: bool = False,
    ) -> None:
        self.files = find_pictures(folder)
        self._reader = PictureReader(skip_bad=skip_bad)
        self.skipped = self._reader.skipped
        kinds = {path: kind for path in self.files if (kind := self._reader.measure(path))}
        if not kinds:
            raise DataError(f"{folder}: none of its {len(self.files):,} images can be read")
        if image_size is None:
            _check_one_size(folder, kinds)
            first = next(iter(kinds.values()))
            image_size = (first.height, first.width)
        self._readable = frozenset(kinds)
        self._size = image_size
        self._gray = grayscale or all(kind.gray for kind in kinds.values())
        parts = [path.relative_to(folder).parts for path in self.files]
        names = [part[0] if len(part) > 1 else "" for part in parts]
        self.class_names = tuple(sorted(set(names))) if any(names) else ()
        numbers = {name: number for number, name in enumerate(self.class_names)}
        self.classes = np.array([numbers.get(name, 0) for name in names])

    def read(self, rows: Sequence[int] | NDArray[np.integer]) -> PictureSet:
        """Decodes some of the files.

        Args:
            rows: Their numbers in `files`.

        Returns:
            Those that can be read, in the order of `rows`.

        Raises:
            DataError: If one cannot be read, and `skip_bad` is not set.
        """
        channels = () if self._gray else (3,)
        images = new_images((len(rows), *self._size, *channels))
        kept: list[int] = []
        for row in rows:
            path = self.files[row]
            picture = self._reader.read(path) if path in self._readable else None
            if picture is not None:
                images[len(kept)] = pixels_of(picture.image, self._size, gray=self._gray)
                kept.append(int(row))
        return PictureSet(images[: len(kept)], np.array(kept, np.intp))


def _check_one_size(folder: Path, kinds: dict[Path, PictureKind]) -> None:
    sizes = collections.Counter((kind.height, kind.width) for kind in kinds.values())
    if len(sizes) == 1:
        return
    examples = {(kind.height, kind.width): path for path, kind in reversed(kinds.items())}
    named = [
        f"{width}x{height} ({count:,}, such as {examples[height, width].name})"
        for (height, width), count in sizes.most_common(_SIZES_NAMED)
    ]
    more = f", and {len(sizes) - _SIZES_NAMED} more" if len(sizes) > _SIZES_NAMED else ""
    (height, width), _ = sizes.most_common(1)[0]
    raise DataError(
        f"{folder}: the images have {len(sizes)} sizes: {', '.join(named)}{more}; "
        f"expected one size, choose it with --image-size, such as {width}x{height}"
    )
