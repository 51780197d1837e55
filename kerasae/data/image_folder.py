"""A folder of pictures as a data set."""

import collections
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kerasae.data.image_store import new_images
from kerasae.data.picture_files import PictureKind, PictureReader, Size, find_pictures, pixels_of
from kerasae.errors import DataError

_SIZES_NAMED = 5


class PictureFolder:
    """The pictures of a folder, measured but not decoded.

    Args:
        folder: The folder; the names of its sub-folders are the classes.
        size: Height and width to convert to; `None` where all have one size.
        grayscale: Whether to convert to grayscale. Without it, pictures are RGB as soon as
            one of them has colours.
        skip_bad: Whether to leave out pictures that cannot be read, instead of refusing all.

    Raises:
        DataError: If there are no pictures, one cannot be read, or their sizes differ.
    """

    def __init__(self, folder: Path, size: Size | None, grayscale: bool, skip_bad: bool) -> None:
        self._folder = folder
        self.files = find_pictures(folder)
        self._reader = PictureReader(skip_bad=skip_bad)
        self.skipped = self._reader.skipped
        self._kinds = {path: kind for path in self.files if (kind := self._reader.measure(path))}
        if not self._kinds:
            raise DataError(f"{folder}: none of its {len(self.files):,} images can be read")
        self._size = size or _one_size(folder, self._kinds)
        self._gray = grayscale or all(kind.gray for kind in self._kinds.values())
        parts = [path.relative_to(folder).parts for path in self.files]
        names = [part[0] if len(part) > 1 else "" for part in parts]
        classes, self._classes = np.unique(names, return_inverse=True)
        self.class_names = tuple(map(str, classes)) if any(names) else ()

    def read(
        self, rows: NDArray[np.integer]
    ) -> tuple[NDArray[np.uint8], NDArray[np.integer], tuple[str, ...]]:
        """Decodes some of the files.

        Args:
            rows: Their numbers in `files`.

        Returns:
            The images, `uint8`, `(images, height, width)` or `(images, height, width, 3)`, of
            those that can be read, in the order of `rows`, their classes, `(images,)`, and the
            names of their files below the folder.

        Raises:
            DataError: If one cannot be read, and `skip_bad` is not set.
        """
        shape = self._size if self._gray else (*self._size, 3)
        images = new_images((len(rows), *shape))
        kept: list[int] = []
        for row in rows:
            path = self.files[row]
            picture = self._reader.read(path) if path in self._kinds else None
            if picture is not None:
                images[len(kept)] = pixels_of(picture.image, self._size, gray=self._gray)
                kept.append(row)
        names = tuple(self.files[row].relative_to(self._folder).as_posix() for row in kept)
        return images[: len(kept)], self._classes[kept], names


def _one_size(folder: Path, kinds: dict[Path, PictureKind]) -> Size:
    sizes = collections.Counter(kind.size for kind in kinds.values()).most_common()
    (height, width), _ = sizes[0]
    if len(sizes) == 1:
        return height, width
    examples = {kind.size: path.name for path, kind in reversed(kinds.items())}
    named = [
        f"{size[1]}x{size[0]} ({count:,}, such as {examples[size]})"
        for size, count in sizes[:_SIZES_NAMED]
    ]
    more = f", and {len(sizes) - _SIZES_NAMED} more" if len(sizes) > _SIZES_NAMED else ""
    raise DataError(
        f"{folder}: the images have {len(sizes)} sizes: {', '.join(named)}{more}; "
        f"expected one size, choose it with --image-size, such as {width}x{height}"
    )
