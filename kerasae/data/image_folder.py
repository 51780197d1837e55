"""A folder of pictures as a data set."""

from __future__ import annotations

import collections
import functools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple, TypeVar

import numpy as np
import PIL
from numpy.typing import NDArray

from kerasae.data.decoded_cache import cached
from kerasae.data.image_data import ImageData, PictureFile
from kerasae.data.image_store import new_images
from kerasae.data.known_looks import KnownLooks
from kerasae.data.near_copies import near_copies
from kerasae.data.picture_files import WHITE_16, PictureKind, Size, largest_value
from kerasae.data.picture_listing import Place, find_pictures, places_of
from kerasae.data.picture_parts import Listed, PictureParts, listed_parts, parts_of_folders
from kerasae.data.picture_work import Look, decode, each, look_at
from kerasae.data.pixel_scale import white_of_bits
from kerasae.errors import DataError

Result = TypeVar("Result")
Say = Callable[[str], None]
_SIZES_NAMED = 5
# As floats have to have (see `pixel_scale`).
_LEAST_LEVELS = 64
_DECODED_AT_ONCE = 1 << 22  # bytes
_SAID_AFTER = 2  # seconds between two words on how far reading is


class Conversion(NamedTuple):
    """What pictures are converted to.

    Args:
        size: Height and width; `None` where all have one size.
        grayscale: Whether to convert to grayscale. Without it, pictures are RGB as soon as
            one of them has colours.
        white: The number that is white where pixels have more than 8 bits; `None` follows from the
            largest of the training pictures.
    """

    size: Size | None = None
    grayscale: bool = False
    white: float | None = None


def load_folder(
    folder: Path,
    conversion: Conversion = Conversion(),  # noqa: B008
    *,
    skip_bad: bool = False,
    listed: Sequence[Listed] = (),
    say: Say = lambda doing: None,
) -> ImageData:
    """Loads the pictures of a folder and its sub-folders.

    Args:
        folder: The folder; see `picture_listing.places_of` for what its folders mean.
        conversion: What the pictures are converted to.
        skip_bad: Whether to leave out pictures that cannot be read, instead of refusing all.
        listed: The pictures of a run, which are then taken, each in its part.
        say: Called with what is being done.

    Returns:
        The `ImageData`; a tenth is the test set where no folder is.

    Raises:
        DataError: If there are no pictures, one cannot be read, their sizes differ, or there are
            too few of a part.
    """
    return _FolderReader(folder, skip_bad, say).load(conversion, listed)


class _FolderReader:
    def __init__(self, folder: Path, skip_bad: bool, say: Say) -> None:
        self._folder, self._skip_bad, self._say = folder, skip_bad, say
        found = find_pictures(folder)
        self._skipped = list(found.left_out)
        looks = self._look(found.files)
        if not looks:
            raise DataError(f"{folder}: none of its {len(found.files):,} images can be read")
        self._files, self._looks = list(looks), list(looks.values())

    def _look(self, files: list[Path]) -> dict[Path, Look]:
        last_time = KnownLooks(self._folder, files)
        looks = last_time.known
        new = [path for path in files if path not in looks]
        seen = {**looks, **dict(self._each(look_at, new, "measuring"))}
        looks = {path: seen[path] for path in files if path in seen}
        last_time.keep(looks)
        return looks

    def load(self, conversion: Conversion, listed: Sequence[Listed]) -> ImageData:
        files, places = self._named()
        parts = listed_parts(self._folder, files, listed) or parts_of_folders(
            self._folder, files, places
        )
        order = [*parts.train, *parts.validation, *parts.test]
        kinds = [self._looks[row].kind for row in order]
        size = conversion.size or _one_size(self._folder, [files[row].name for row in order], kinds)
        gray = conversion.grayscale or all(kind.gray for kind in kinds)
        white = conversion.white or self._white(parts)
        images, readable = self._decoded([(self._files[row], files[row].md5) for row in order],
                                         size, gray, white)  # fmt: skip
        self._check_depth(images, kinds[: len(parts.train)])
        rows = _rows_by_part(parts, readable)
        arrays = [_taken(images, *one) for one in rows]
        self._check_counts(arrays)
        class_names, labels = np.unique(
            [_class_of(places[row]) for row in order], return_inverse=True
        )
        train, validation, test = (tuple(files[order[row]] for row in kept) for _, kept in rows)
        return ImageData(
            str(self._folder), arrays[0], labels[rows[0][1]], arrays[2], labels[rows[2][1]],
            class_names=tuple(map(str, class_names)) if any(class_names) else (),
            skipped=tuple(self._skipped),
            validation=arrays[1] if len(arrays[1]) else None,
            train_files=train, validation_files=validation, test_files=test,
            unused_files=tuple(files[row] for row in parts.unused),
            copy_of=_copies(train),
            notes=(*parts.notes, *_near_copies_note(arrays[0], arrays[2])),
            white=white,
        )  # fmt: skip

    def _named(self) -> tuple[list[PictureFile], list[Place | None]]:
        """Names the pictures by their paths below the folder, and tells what those mean."""
        start = len(self._folder.parts)
        names = [PurePath(*path.parts[start:]) for path in self._files]
        files = [
            PictureFile(name.as_posix(), look.md5)
            for name, look in zip(names, self._looks, strict=True)
        ]
        return files, places_of(names)

    def _check_depth(self, images: NDArray[np.uint8], kinds: Sequence[PictureKind]) -> None:
        """Refuses 16-bit pictures of which Pillow leaves a few levels, which none brings back."""
        rows = [row for row, kind in enumerate(kinds) if kind.halved]
        if rows and (most := int(images[rows].max())) < _LEAST_LEVELS:
            raise DataError(
                f"{self._folder}: of the 16 bits a channel of its pictures the upper 8 are read, "
                f"and no training image is above {most} of 255; expected files that are "
                f"stretched to the whole range"
            )

    def _check_counts(self, arrays: list[NDArray[np.uint8]]) -> None:
        if not len(arrays[0]) or not len(arrays[2]):
            raise DataError(
                f"{self._folder}: only {len(arrays[0])} training and {len(arrays[2])} test images "
                f"can be read; expected one or more of each"
            )

    def _white(self, parts: PictureParts) -> float | None:
        """Finds what is white in the deep pictures that are trained on, by their bits."""

        def deep_of(rows: Sequence[int]) -> list[Path]:
            return [self._files[row] for row in rows if self._looks[row].kind.deep]

        trained = deep_of(parts.train)
        deep = trained or deep_of(parts.test)
        if not deep:
            return None
        values = [most for _, most in self._each(largest_value, deep, "measuring")]
        return white_of_bits(max(values, default=WHITE_16))

    def _decoded(
        self, files: Sequence[tuple[Path, str]], size: Size, gray: bool, white: float | None
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        shape = (len(files), *size) if gray else (len(files), *size, 3)
        readable = np.ones(len(files), bool)
        paths = [path for path, _ in files]
        decoded = functools.partial(decode, size=size, gray=gray, white=white or WHITE_16)
        at_once = _DECODED_AT_ONCE // math.prod(shape[1:])

        def fill(images: NDArray[np.uint8]) -> bool:
            results = self._each(decoded, paths, "reading", at_once=at_once, keep=True)
            for row, (_, pixels) in enumerate(results):
                readable[row] = pixels is not None
                images[row] = 0 if pixels is None else pixels
            return bool(readable.all())

        made_by = [size, gray, white, PIL.__version__]
        skipped = len(self._skipped)
        images = cached([md5 for _, md5 in files], made_by, shape, fill)
        if images is None:
            del self._skipped[skipped:]
            images = new_images(shape)
            fill(images)
        return images, readable

    def _each(
        self, function: Callable[[Path], Result], files: Sequence[Path], doing: str,
        *, at_once: int = 1 << 30, keep: bool = False,
    ) -> Iterator[tuple[Path, Result]]:  # fmt: skip
        """Calls a function with each file, in order, and says how far it is.

        A picture that cannot be read is left out where it may be; with `keep`, its result is
        `None`.
        """
        due = time.monotonic() + _SAID_AFTER
        results = zip(files, each(function, files, at_once), strict=True)
        for number, (path, result) in enumerate(results):
            if time.monotonic() > due:
                self._say(f"{doing} pictures: {number:,} of {len(files):,}")
                due = time.monotonic() + _SAID_AFTER
            if not isinstance(result, DataError):
                yield path, result
                continue
            if not self._skip_bad:
                raise result
            self._skipped.append(str(result))
            if keep:
                yield path, None  # type: ignore[misc]


def _rows_by_part(
    parts: PictureParts, readable: NDArray[np.bool_]
) -> list[tuple[slice, NDArray[np.intp]]]:
    """Tells where the pictures of each part are, one part after the other, and those read."""
    ends = np.cumsum([len(parts.train), len(parts.validation), len(parts.test)]).tolist()
    places = [slice(start, end) for start, end in zip((0, *ends[:-1]), ends, strict=True)]
    return [(place, place.start + np.flatnonzero(readable[place])) for place in places]


def _taken(images: NDArray[np.uint8], place: slice, kept: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Takes the images of a part, without a copy where all were read."""
    part = images[place]
    return part if len(kept) == len(part) else images[kept]


def _near_copies_note(train: NDArray[np.uint8], test: NDArray[np.uint8]) -> list[str]:
    near = near_copies(train, test)
    images_are = "image is" if near == 1 else "images are"
    return [f"{near:,} test {images_are} nearly the same as a training image"] if near else []


def _class_of(place: Place | None) -> str:
    return place.class_name if place is not None else ""


def _copies(files: Sequence[PictureFile]) -> NDArray[np.int32] | None:
    """Returns the number of the first file with the same bytes, for each; `None` without copies."""
    first: dict[str, int] = {}
    numbers = [first.setdefault(file.md5, row) for row, file in enumerate(files)]
    return np.array(numbers, np.int32) if len(first) < len(files) else None


def _one_size(folder: Path, names: Sequence[str], kinds: Sequence[PictureKind]) -> Size:
    sizes = collections.Counter(kind.size for kind in kinds).most_common()
    (height, width), _ = sizes[0]
    if len(sizes) == 1:
        return height, width
    examples = {kind.size: name for name, kind in reversed(list(zip(names, kinds, strict=True)))}
    named = [
        f"{size[1]}x{size[0]} ({count:,}, such as {PurePath(examples[size]).name})"
        for size, count in sizes[:_SIZES_NAMED]
    ]
    more = f", and {len(sizes) - _SIZES_NAMED} more" if len(sizes) > _SIZES_NAMED else ""
    raise DataError(
        f"{folder}: the images have {len(sizes)} sizes: {', '.join(named)}{more}; "
        f"expected one size, choose it with --image-size, such as {width}x{height}"
    )
