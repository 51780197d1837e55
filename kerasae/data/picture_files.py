"""Pictures in files of strangers: listed, measured before they are decoded, and decoded."""

import dataclasses
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from kerasae.data.pixels import as_bytes
from kerasae.errors import DataError
from kerasae.files.local_files import Refused, StrPath, open_local, refusing

Content = TypeVar("Content")
Size = tuple[int, int]  # height and width, in pixels
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP")
_MOST_BYTES = 1 << 28
_MOST_PIXELS = 1 << 26  # 8192 x 8192
_GRAY_MODES = ("1", "L", "LA", "I;16", "I;16L", "I;16B")
_COLOUR_MODES = ("RGB", "RGBA", "RGBX", "P", "PA", "CMYK", "YCbCr", "LAB", "HSV")
# What each format can hold, and what pictures of a mode are written as: the first of these that
# the format can hold, or RGB, which all can.
_WRITTEN = {
    "PNG": ("1", "L", "LA", "I;16", "P", "RGB", "RGBA"),
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "I;16", "P", "RGB", "RGBA", "CMYK"),
    "BMP": ("1", "L", "P", "RGB"),
}
_NEAREST = {
    "1": ("1", "L"), "L": ("L",), "LA": ("LA", "RGBA", "L"), "I;16": ("I;16", "L"),
    "P": ("P",), "RGBA": ("RGBA",), "CMYK": ("CMYK",),
}  # fmt: skip
_ORIENTATION = 0x0112  # of Exif; from 5 on, width and height are exchanged
_ADVICE = "mend it or take it away, or go on without it with --skip-bad"


@dataclasses.dataclass(frozen=True)
class PictureKind:
    """What a picture's file says before it is decoded.

    Args:
        size: Height and width in pixels, seen upright.
        gray: Whether it has no colours.
    """

    size: Size
    gray: bool


@dataclasses.dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Args:
        image: Upright, of mode `L` or `RGB`; transparent parts stand on white.
        mode: The mode of the file, such as `I;16` or `CMYK`.
        alpha: How opaque each pixel is, of mode `L`; `None` where the file does not say.
    """

    image: Image.Image
    mode: str
    alpha: Image.Image | None = None


def find_pictures(folder: Path) -> list[Path]:
    """Lists the pictures in a folder and its sub-folders, by name.

    Hidden files and folders are left out, and so is what has another ending.

    Args:
        folder: The folder.

    Returns:
        The files, sorted by their path with `/` inside the folder.

    Raises:
        DataError: If it holds none, or a folder cannot be listed.
    """

    def fail(error: OSError) -> None:
        raise error

    pictures: list[Path] = []
    with refusing(folder, DataError):
        for place, folders, names in os.walk(folder, onerror=fail):
            folders[:] = [name for name in folders if not name.startswith(".")]
            pictures += [Path(place, name) for name in names if is_picture(name)]
        if not pictures:
            raise Refused(f"holds no images; expected files such as {', '.join(SUFFIXES)}")
    return sorted(pictures, key=lambda path: path.relative_to(folder).as_posix())


def is_picture(name: StrPath) -> bool:
    """Tells by its name whether a file is a picture.

    Example:

    >>> is_picture("a b.JPG"), is_picture("notes.txt"), is_picture("._a.jpg")
    (True, False, False)
    """
    name = os.path.basename(name)
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def measure_picture(path: Path) -> PictureKind:
    """Reads a picture's size and mode, without decoding it.

    Args:
        path: A PNG, JPEG, WebP, TIFF or BMP file.

    Returns:
        The `PictureKind`.

    Raises:
        DataError: If it is not such a file, damaged, larger than 8192x8192 pixels, animated,
            or has more than 16 bits a channel.
    """
    with _opened(path) as image:
        turned = image.getexif().get(_ORIENTATION) in (5, 6, 7, 8)
        width, height = image.size[::-1] if turned else image.size
        return PictureKind((height, width), image.mode in _GRAY_MODES)


def read_picture(path: Path) -> Picture:
    """Decodes a picture.

    16 bits a channel become 8; a palette, CMYK and other colour spaces become RGB.

    Args:
        path: See `measure_picture`.

    Returns:
        The `Picture`.

    Raises:
        DataError: As `measure_picture` does, and if the pixels are damaged.
    """
    with _opened(path) as opened:
        opened.load()
        image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I;16"):
            # 65535 is white, as 255 is.
            pixels = as_bytes(np.asarray(image) / np.float32(65535))
            return Picture(Image.fromarray(pixels), "I;16")
        gray = image.mode in _GRAY_MODES
        if not image.has_transparency_data:
            return Picture(image.convert("L" if gray else "RGB"), image.mode)
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        flat = Image.alpha_composite(white, layered).convert("L" if gray else "RGB")
        return Picture(flat, image.mode, layered.getchannel("A"))


class PictureReader:
    """Measures and decodes pictures, and leaves out those that cannot be read where it may.

    Args:
        skip_bad: Whether to leave them out, instead of refusing them.

    Attributes:
        skipped: A line for each picture left out.

    Example:

    >>> reader = PictureReader(skip_bad=True)
    >>> reader.read(Path("missing.png")), len(reader.skipped)
    (None, 1)
    """

    def __init__(self, *, skip_bad: bool = False) -> None:
        self.skipped: list[str] = []
        self._skip_bad = skip_bad

    def measure(self, path: Path) -> PictureKind | None:
        """See `measure_picture`; `None` for a picture left out."""
        return self._attempt(measure_picture, path)

    def read(self, path: Path) -> Picture | None:
        """See `read_picture`; `None` for a picture left out."""
        return self._attempt(read_picture, path)

    def _attempt(self, what: Callable[[Path], Content], path: Path) -> Content | None:
        try:
            return what(path)
        except DataError as error:
            if not self._skip_bad:
                raise
            self.skipped.append(str(error))
            return None


def pixels_of(image: Image.Image, size: Size | None = None, *, gray: bool) -> NDArray[np.uint8]:
    """Returns a picture's pixels in the size and colours asked for.

    Args:
        image: Of mode `L` or `RGB`.
        size: Height and width; `None` keeps the picture's own.
        gray: Whether to make it grayscale (ITU-R 601 luma), or else RGB.

    Returns:
        `uint8`, `(height, width)` for grayscale, or `(height, width, 3)`.

    Example:

    >>> pixels_of(Image.new("RGB", (4, 2), "white"), (3, 5), gray=True).shape
    (3, 5)
    """
    image = image.convert("L" if gray else "RGB")
    if size is not None and image.size != size[::-1]:
        image = image.resize(size[::-1], Image.Resampling.LANCZOS)
    return np.asarray(image)


def save_picture(pixels: NDArray[np.uint8], like: Picture, path: Path) -> None:
    """Saves pixels as a picture of the size and mode that another has.

    Where the format cannot hold the mode, the picture gets the nearest that it can. Lossless
    where the format can be; JPEG files get the quality 95.

    Args:
        pixels: `(height, width)` or `(height, width, 3)`.
        like: The other picture.
        path: The file to write; its ending tells the format.
    """
    image = _resized(pixels, like)
    suffix = path.suffix.lower()
    image = _in_mode(image, _mode(like, suffix), like.alpha)
    image.save(path, quality=95, lossless=suffix == ".webp")


def like_picture(pixels: NDArray[np.uint8], like: Picture) -> NDArray[np.uint8]:
    """Returns pixels in the size and colours that another picture has.

    Args:
        pixels: `(height, width)` or `(height, width, 3)`.
        like: The other picture.

    Returns:
        `uint8`, `(height, width)` or `(height, width, 3)`.
    """
    return np.asarray(_resized(pixels, like).convert(like.image.mode))


def _resized(pixels: NDArray[np.uint8], like: Picture) -> Image.Image:
    image = Image.fromarray(pixels)
    if image.size == like.image.size:
        return image
    return image.resize(like.image.size, Image.Resampling.BICUBIC)


def _mode(like: Picture, suffix: str) -> str:
    """Chooses the picture's mode, or the nearest that the format of a file's ending can hold."""
    possible = _WRITTEN[Image.registered_extensions()[suffix]]
    wanted = like.mode if like.alpha is None or like.mode == "LA" else "RGBA"
    return next(mode for mode in (*_NEAREST.get(wanted, ()), "RGB") if mode in possible)


def _in_mode(image: Image.Image, mode: str, alpha: Image.Image | None) -> Image.Image:
    if alpha is not None and "A" in mode:
        image = image.convert("RGBA")
        image.putalpha(alpha)
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    if mode == "P":
        return image.convert("RGB").quantize(256)
    return image.convert(mode)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    # Pillow's warnings are about files that it reads all the same.
    with refusing(path, DataError, _ADVICE), warnings.catch_warnings(action="ignore"):
        try:
            with open_local(path, _MOST_BYTES) as file, Image.open(file, formats=_FORMATS) as image:
                _check(image)
                yield image
        except UnidentifiedImageError:
            raise Refused(f"is no PNG, JPEG, WebP, TIFF or BMP picture; {_ADVICE}") from None
        except Image.DecompressionBombError:
            raise Refused(f"has far too many pixels; {_ADVICE}") from None
        # Pillow's decoders raise these, too, for damaged files.
        except (
            SyntaxError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError,
        ) as error:  # fmt: skip
            raise Refused(f"is damaged ({type(error).__name__}: {error}); {_ADVICE}") from error


def _check(image: Image.Image) -> None:
    if image.width * image.height > _MOST_PIXELS:
        raise Refused(
            f"has {image.width:,} x {image.height:,} pixels; expected at most {_MOST_PIXELS:,}"
        )
    # To count the frames of a TIFF, Pillow walks through all of them. Phones put a preview behind
    # a photo (MPO), which is no animation.
    if getattr(image, "is_animated", False) and image.format != "MPO":
        raise Refused("has several frames; expected one picture")
    if image.mode not in (*_GRAY_MODES, *_COLOUR_MODES):
        raise Refused(f"has pixels of mode {image.mode}; expected 8 or 16 bits a channel")
