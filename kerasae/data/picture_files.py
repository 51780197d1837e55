"""Pictures in untrusted files: measured before they are decoded, decoded, and written."""

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
SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".pgm", ".ppm", ".pnm",
)  # fmt: skip
KINDS = "PNG, JPEG, WebP, TIFF, BMP, GIF or PNM"
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
_MOST_BYTES = 1 << 28
_MOST_PIXELS = 1 << 26  # 8192 x 8192
_DEEP_MODES = ("I;16", "I;16L", "I;16B", "I")  # more than 8 bits a pixel; I of PNM files
WHITE_16 = 65535
_GRAY_MODES = ("1", "L", "LA", *_DEEP_MODES)
_COLOUR_MODES = ("RGB", "RGBA", "RGBX", "P", "PA", "CMYK", "YCbCr", "LAB", "HSV")
# What each format can hold, and what pictures of a mode are written as: the first of these that
# the format can hold, or RGB, which all can.
_WRITTEN = {
    "PNG": ("1", "L", "LA", "I;16", "P", "RGB", "RGBA"),
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "I;16", "P", "RGB", "RGBA", "CMYK"),
    "BMP": ("1", "L", "P", "RGB"),
    "GIF": ("1", "L", "P", "RGB"),
    "PPM": ("1", "L", "I;16", "RGB"),
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
        deep: Whether it has more than 8 bits a pixel, and no colours.
        halved: Whether it has 16 bits a channel, of which Pillow keeps the upper 8.
    """

    size: Size
    gray: bool
    deep: bool = False
    halved: bool = False


@dataclasses.dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Args:
        image: Upright, of mode `L` or `RGB`; transparent parts stand on white.
        mode: The mode of the file, such as `I;16` or `CMYK`.
        alpha: How opaque each pixel is, of mode `L`; `None` where the file does not say.
        white: The number that is white where pixels have more than 8 bits.
    """

    image: Image.Image
    mode: str
    alpha: Image.Image | None = None
    white: float = WHITE_16


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
        path: A PNG, JPEG, WebP, TIFF, BMP, GIF or PNM file.

    Returns:
        The `PictureKind`.

    Raises:
        DataError: If it is not such a file, damaged, larger than 8192x8192 pixels, animated,
            or has more than 16 bits a channel.
    """
    with _opened(path) as image:
        # Looking for Exif decodes a PNG, which then has no tiles.
        tiles = getattr(image, "tile", [])
        halved = any(";16" in str(tile.args) for tile in tiles)
        turned = image.getexif().get(_ORIENTATION) in (5, 6, 7, 8)
        width, height = image.size[::-1] if turned else image.size
        deep = image.mode in _DEEP_MODES
        return PictureKind((height, width), _is_gray(image), deep, halved and not deep)


def read_picture(path: Path, white: float = WHITE_16) -> Picture:
    """Decodes a picture.

    16 bits a channel become 8; a palette, CMYK and other colour spaces become RGB; of an animated
    GIF, the first frame is taken.

    Args:
        path: See `measure_picture`.
        white: The number that is white where pixels have more than 8 bits; those above it are
            white, too.

    Returns:
        The `Picture`.

    Raises:
        DataError: As `measure_picture` does, and if the pixels are damaged.
    """
    with _opened(path) as opened:
        opened.load()
        image = ImageOps.exif_transpose(opened)
        if image.mode in _DEEP_MODES:
            pixels = as_bytes(np.asarray(image) / np.float32(white))
            return Picture(Image.fromarray(pixels), "I;16", white=white)
        gray = _is_gray(opened)
        if not image.has_transparency_data:
            return Picture(image.convert("L" if gray else "RGB"), image.mode)
        layered = image.convert("RGBA")
        paper = Image.new("RGBA", layered.size, "white")
        flat = Image.alpha_composite(paper, layered).convert("L" if gray else "RGB")
        return Picture(flat, image.mode, layered.getchannel("A"))


def largest_value(path: Path) -> int:
    """Returns the largest number in a picture of more than 8 bits a pixel; see `read_picture`."""
    with _opened(path) as opened:
        return int(np.asarray(opened).max())


class PictureReader:
    """Measures and decodes pictures, and leaves out those that cannot be read where it may.

    Args:
        skip_bad: Whether to leave them out, instead of refusing them.
        white: See `read_picture`.

    Attributes:
        skipped: A line for each picture left out.

    Example:

    >>> reader = PictureReader(skip_bad=True)
    >>> reader.read(Path("missing.png")), len(reader.skipped)
    (None, 1)
    """

    def __init__(self, *, skip_bad: bool = False, white: float = WHITE_16) -> None:
        self.skipped: list[str] = []
        self.white = white
        self._skip_bad = skip_bad

    def measure(self, path: Path) -> PictureKind | None:
        """See `measure_picture`; `None` for a picture left out."""
        return self._attempt(measure_picture, path)

    def read(self, path: Path) -> Picture | None:
        """See `read_picture`; `None` for a picture left out."""
        return self._attempt(lambda path: read_picture(path, self.white), path)

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
    image = _in_mode(image, _mode(like, suffix), like)
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


def _in_mode(image: Image.Image, mode: str, like: Picture) -> Image.Image:
    if like.alpha is not None and "A" in mode:
        image = image.convert("RGBA")
        image.putalpha(like.alpha)
    if mode == "I;16":
        values = np.asarray(image.convert("L")) * (like.white / 255)
        return Image.fromarray(np.rint(values).astype(np.uint16))
    if mode == "P":
        return image.convert("RGB").quantize(256)
    return image.convert(mode)


@contextmanager
def pillow_quiet() -> Iterator[None]:
    """Keeps Pillow's warnings about files that it reads all the same from the user.

    Reading in threads needs it around all of them: the filters are those of the process.
    """
    with warnings.catch_warnings(action="ignore"):
        yield


def _is_gray(image: Image.Image) -> bool:
    if image.format == "GIF" and image.mode == "P":
        # It knows nothing but palettes.
        red, *others = np.reshape(image.getpalette("RGB") or [0, 0, 0], (-1, 3)).T
        return all(np.array_equal(red, other) for other in others)
    return image.mode in _GRAY_MODES


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    with refusing(path, DataError, _ADVICE):
        try:
            with open_local(path, _MOST_BYTES) as file, Image.open(file, formats=_FORMATS) as image:
                _check(image)
                yield image
        except UnidentifiedImageError:
            raise Refused(f"is no {KINDS} picture; {_ADVICE}") from None
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
    if getattr(image, "is_animated", False) and image.format not in ("MPO", "GIF"):
        raise Refused("has several frames; expected one picture")
    if image.mode not in (*_GRAY_MODES, *_COLOUR_MODES) or (
        image.mode == "I" and image.format != "PPM"
    ):
        raise Refused(f"has pixels of mode {image.mode}; expected 8 or 16 bits a channel")
