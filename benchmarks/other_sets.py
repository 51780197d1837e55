"""Images of other kinds than digits and clothes, out of what installed packages ship."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from kerasae import ImageData

_COLOUR_PHOTOS = ("astronaut", "coffee", "chelsea", "rocket")
_GREY_PHOTOS = ("camera", "moon", "coins")
_Parts = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]


@dataclasses.dataclass(frozen=True)
class OtherSet:
    """A set of images, and how it is to be tried.

    Args:
        make: Makes the images, `uint8`, `(images, height, width)` or with channels; or those to
            train on, to validate by and to test.
        latent_dims: The dimensions to try.
    """

    make: Callable[[], NDArray[np.uint8] | _Parts]
    latent_dims: tuple[int, ...] = (15, 30, 50, 100)

    def data(self, name: str) -> ImageData:
        """Returns the set, with a random fifth as test images where it has none of its own."""
        made = self.make()
        if isinstance(made, tuple):
            train, validation, test = made
            return ImageData.from_arrays(train, test=test, validation=validation, name=name)
        made = made[np.random.RandomState(1).permutation(len(made))]
        test = len(made) // 5
        return ImageData.from_arrays(made[test:], test=made[:test], name=name)


def _photos() -> Iterator[NDArray[np.uint8]]:
    from skimage import data
    from sklearn.datasets import load_sample_images

    yield from load_sample_images().images
    for name in _COLOUR_PHOTOS:
        yield getattr(data, name)()


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(image).convert("L"))


def _patches(images: Iterator[NDArray[np.uint8]], count: int, height: int, width: int) -> _Parts:
    """Cuts patches at random places, as many out of each image.

    They may overlap, but those of a part come from columns of their own: a test patch that is
    seen in training a pixel further on says nothing about other photos.
    """
    random = np.random.RandomState(0)
    sources = list(images)

    def cut(begin: float, end: float, share: float) -> NDArray[np.uint8]:
        found = []
        for number in range(round(count * share)):
            image = sources[number % len(sources)]
            first, last = (round(image.shape[1] * edge) for edge in (begin, end))
            top = random.randint(image.shape[0] - height + 1)
            left = random.randint(first, last - width + 1)
            found.append(image[top : top + height, left : left + width])
        return np.stack(found)

    return cut(0, 0.65, 0.72), cut(0.65, 0.8, 0.08), cut(0.8, 1, 0.2)


def _tiles(images: Iterator[NDArray[np.uint8]], side: int) -> NDArray[np.uint8]:
    """Cuts images into patches that do not overlap."""
    cut = []
    for image in images:
        rows, columns = image.shape[0] // side, image.shape[1] // side
        grid = image[: rows * side, : columns * side].reshape(rows, side, columns, side)
        cut.append(grid.swapaxes(1, 2).reshape(-1, side, side))
    return np.concatenate(cut)


def grey_photos() -> Iterator[NDArray[np.uint8]]:
    """Yields photos of scikit-learn and scikit-image in grey."""
    from skimage import data

    for photo in _photos():
        yield _grey(photo)
    for name in _GREY_PHOTOS:
        yield getattr(data, name)()


def digits() -> NDArray[np.uint8]:
    """scikit-learn's 1,797 digits of 8x8."""
    from sklearn.datasets import load_digits

    return np.round(load_digits().images * (255 / 16)).astype(np.uint8)


def faces() -> NDArray[np.uint8]:
    """scikit-image's 100 faces of 25x25, out of Labeled Faces in the Wild."""
    return _lfw()[:100]


def faces_and_patches() -> NDArray[np.uint8]:
    """The same with as many patches of their photos beside the faces."""
    return _lfw()


def _lfw() -> NDArray[np.uint8]:
    from skimage import data

    return np.round(data.lfw_subset() * 255).astype(np.uint8)


def glyphs() -> NDArray[np.uint8]:
    """Letters and signs in each of matplotlib's fonts, 24x24."""
    import matplotlib

    drawn = []
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    for path in sorted(folder.glob("DejaVu*.ttf")):
        font = ImageFont.truetype(str(path), 18, layout_engine=ImageFont.Layout.BASIC)
        for code in (*range(0x21, 0x7F), *range(0xA1, 0x180), *range(0x391, 0x3CA)):
            image = Image.new("L", (24, 24))
            ImageDraw.Draw(image).text((12, 12), chr(code), 255, font, anchor="mm")
            drawn.append(np.asarray(image))
    different = np.unique(np.stack(drawn), axis=0)
    return different[different.any(axis=(1, 2))]


def icons() -> NDArray[np.uint8]:
    """Coloured shapes with a border on a coloured ground, 32x32."""
    random = np.random.RandomState(0)
    drawn = []
    for _ in range(3000):
        ground, fill, line = (tuple(random.randint(0, 256, 3).tolist()) for _ in range(3))
        image = Image.new("RGB", (64, 64), ground)
        draw = ImageDraw.Draw(image)
        kind, size = random.randint(4), random.randint(14, 28)
        box = (32 - size, 32 - size, 32 + size, 32 + size)
        if kind == 0:
            draw.ellipse(box, fill, line, 4)
        elif kind == 1:
            draw.rounded_rectangle(box, 8, fill, line, 4)
        else:
            turn = random.randint(0, 360)
            draw.regular_polygon((32, 32, size), kind + 1, turn, fill, line)
        drawn.append(np.asarray(image.resize((32, 32), Image.Resampling.BOX)))
    return np.stack(drawn)


def spectrograms() -> NDArray[np.uint8]:
    """Logarithmic spectrograms of chirps with harmonics in noise, 32x32."""
    random = np.random.RandomState(0)
    time = np.linspace(0, 1, 1024)
    drawn = []
    for _ in range(4000):
        start, rise, bend = random.uniform(20, 150), random.uniform(-60, 200), random.uniform(0, 60)
        phase = 2 * np.pi * (start * time + rise * time**2 / 2 + bend * np.sin(4 * time) / 4)
        sound = np.sin(phase) + random.uniform(0, 0.6) * np.sin(2 * phase)
        sound += random.uniform(0.02, 0.2) * random.standard_normal(1024)
        frames = np.lib.stride_tricks.sliding_window_view(sound, 64)[::31][:32] * np.hanning(64)
        power = np.log(np.abs(np.fft.rfft(frames))[:, :32] + 1e-2).T
        drawn.append(np.clip((power + 5) / 9, 0, 1))
    return np.round(np.stack(drawn) * 255).astype(np.uint8)


def slices() -> NDArray[np.uint8]:
    """Slices through a head as ellipses have it, 64x64, each with other axes, blurred and noisy."""
    from scipy.ndimage import gaussian_filter

    random = np.random.RandomState(0)
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    drawn = []
    for _ in range(2000):
        image = np.zeros((64, 64))
        tall, wide = random.uniform(0.7, 0.95), random.uniform(0.5, 0.8)
        inner = random.uniform(0.85, 0.95)
        image[(y / tall) ** 2 + (x / wide) ** 2 < 1] = 0.9
        image[(y / tall) ** 2 + (x / wide) ** 2 < inner**2] = random.uniform(0.3, 0.5)
        size, gap = random.uniform(0.1, 0.3), random.uniform(0.1, 0.25)
        for side in (-1, 1):
            image[(y / size / 1.6) ** 2 + ((x - side * gap) / size / 0.6) ** 2 < 1] = 0.1
        at, spot = random.uniform(-0.35, 0.35, 2), random.uniform(0, 0.15)
        image[(y - at[0]) ** 2 + (x - at[1]) ** 2 < spot**2] = 0.75
        image = gaussian_filter(image, 0.7) + random.normal(0, 0.02, image.shape)
        drawn.append(np.clip(image, 0, 1))
    return np.round(np.stack(drawn) * 255).astype(np.uint8)


def textures() -> _Parts:
    """Patches of brick, grass and gravel, 24x24."""
    from skimage import data

    return _patches(iter([data.brick(), data.grass(), data.gravel()]), 6000, 24, 24)


SETS = {
    "digits 8x8": OtherSet(digits, (4, 8, 15, 30)),
    "glyphs 24x24": OtherSet(glyphs),
    "icons 32x32 colour": OtherSet(icons),
    "spectrograms 32x32": OtherSet(spectrograms),
    "slices 64x64": OtherSet(slices),
    "100 faces 25x25": OtherSet(faces, (4, 15, 30, 50)),
    "faces and patches 25x25": OtherSet(faces_and_patches, (4, 15, 30, 50)),
    "60 digits 8x8": OtherSet(lambda: digits()[:60], (2, 4, 8, 15)),
    "textures 24x24": OtherSet(textures),
    "colour patches 32x32": OtherSet(lambda: _patches(_photos(), 2000, 32, 32)),
    "grey patches 20x36": OtherSet(lambda: _patches(grey_photos(), 2000, 20, 36)),
    "grey patches 16x16": OtherSet(lambda: _patches(grey_photos(), 3000, 16, 16)),
    "50,000 patches 16x16": OtherSet(lambda: _patches(grey_photos(), 50_000, 16, 16)),
    "tiles 8x8": OtherSet(lambda: _tiles(grey_photos(), 8), (4, 8, 15, 30)),
}
