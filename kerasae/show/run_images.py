"""What a model and PCA make of the same images: the worst, the best and some of the others."""

from __future__ import annotations

import dataclasses
import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kerasae.data.image_data import ImageData, class_names
from kerasae.data.pixels import as_bytes, as_floats
from kerasae.image_model import ImageModel
from kerasae.metrics import image_mse, mean_difference
from kerasae.noise import TEST, TRAINING, VALIDATION, scoring_input
from kerasae.pca import PCA
from kerasae.runs.run import Run
from kerasae.show.report_page import Picture, PictureCard, PictureGroup, PictureScale, data_uri

_EACH = 6  # of the worst and the best
_OTHERS = 8
_MOST_PIXELS = 160  # of a side; larger pictures are made smaller for the page
_MOST_MOSAIC = 1200
_LOSSLESS = 64  # larger ones are photographs, which JPEG takes a tenth of the bytes for
_MOST_IMAGES, _MOST_NUMBERS = 10_000, 1 << 28
_BATCH = 500
# Differences below this share of the pixels are told apart; the few above it are the brightest.
_SCALE = 99.8


@dataclasses.dataclass(frozen=True)
class Compared:
    """A run's model and PCA on the same images.

    Args:
        part: What the images are: `test`, or where there are none `validation`, or `training`.
        images: At most 10,000 images, `uint8`, `(images, ...)`.
        noisy: What a denoiser sees instead, `float32`, or `None`.
        names: The name of each image, such as its class, file and place.
        errors: The model's MSE of each image, `(images,)`.
        pca_errors: PCA's.
        dim: Size of the code, and number of PCA's components.
    """

    part: str
    images: NDArray[np.uint8]
    noisy: NDArray[np.float32] | None
    names: list[str]
    errors: NDArray[np.floating]
    pca_errors: NDArray[np.floating]
    dim: int

    @property
    def difference(self) -> tuple[float, float]:
        """The mean of the model's errors minus PCA's, and its standard error."""
        return mean_difference(self.errors, self.pca_errors)


def compared(run: Run, data: ImageData, pca: PCA) -> Compared:
    """Scores a run's model and PCA image by image.

    Args:
        run: The run; its settings tell the noise.
        data: Its images.
        pca: PCA of those it was trained on, with as many components as its code has units.

    Raises:
        InvalidSetting: If the model takes images of another shape.
    """
    model, experiment = ImageModel(run.model).on_data(data), run.experiment
    parts = data.parts(experiment.validation_split)
    part, rows, stream = next(
        (name, one, stream)
        for name, one, stream in (
            ("test", parts.test, TEST),
            ("validation", parts.validation, VALIDATION),
            ("training", parts.train, TRAINING),
        )
        if len(one)
    )
    most = max(1, min(_MOST_IMAGES, _MOST_NUMBERS // math.prod(data.train.shape[1:])))
    chosen = rows.rows[:most]
    images = rows.images[chosen]
    noisy = scoring_input(experiment, images, stream)
    dim = experiment.latent_dim
    pca_errors = [
        image_mse(
            as_floats(images[start : start + _BATCH]),
            pca.reconstructions(
                _seen(images, noisy)[start : start + _BATCH], dim, experiment.sigma
            ),
        )
        for start in range(0, len(images), _BATCH)
    ]
    return Compared(
        part, images, noisy, _names(data, part, chosen), model.errors(images, noisy),
        np.concatenate(pca_errors), dim,
    )  # fmt: skip


def _seen(images: NDArray[np.uint8], noisy: NDArray[np.float32] | None) -> NDArray:
    return images if noisy is None else noisy


def _names(data: ImageData, part: str, rows: NDArray[np.integer]) -> list[str]:
    classes = class_names(data)
    # Images to validate by that came with the data have no classes.
    labels = data.test_labels if part == "test" else data.train_labels
    known = classes and (part != "validation" or data.validation is None)
    files = data.test_files if part == "test" else ()
    return [
        ", ".join(
            [
                *([files[row].name] if files else [classes[labels[row]]] if known else []),
                f"image {row}",
            ]
        )
        for row in rows
    ]


def picture_groups(run: Run, these: Compared, pca: PCA) -> list[PictureGroup]:
    """Lays originals, reconstructions and errors side by side; no image is there twice.

    Args:
        run: The run.
        these: What `compared` gave.
        pca: The PCA.

    Returns:
        The worst and the best, up to six of each, and before them up to eight of the others; of
        few images as many of each. The error maps have one scale.
    """
    by_error = np.argsort(these.errors, kind="stable")
    each = min(_EACH, len(by_error) // 3)
    worst, best = by_error[::-1][:each], by_error[:each]
    others = np.setdiff1d(np.arange(len(by_error)), np.concatenate([worst, best]))
    places = np.linspace(0, len(others) - 1, min(_OTHERS, len(others)), dtype=np.intp)
    groups = {
        f"{these.part.title()} images, evenly spaced": others[places],
        f"Worst {these.part} images": worst,
        f"Best {these.part} images": best,
    }
    groups = {title: rows for title, rows in groups.items() if len(rows)}
    rows = np.concatenate(list(groups.values()))
    clean, seen = as_floats(these.images[rows]), as_floats(_seen(these.images, these.noisy)[rows])
    by_pca = pca.reconstructions(seen, these.dim, run.experiment.sigma)
    by_model = ImageModel(run.model).on_shape(clean.shape[1:]).outputs(seen)
    maps = [_difference(one, clean) for one in (by_pca, by_model)]
    most = max(float(np.percentile(np.concatenate(maps), _SCALE)), 1e-6)
    columns = {"original": clean}
    if these.noisy is not None:
        columns["noisy"] = seen
    columns |= {"PCA": by_pca, "network": by_model}
    drawn = {name: as_bytes(images) for name, images in columns.items()}
    drawn |= {
        name: _coloured(one / most)
        for name, one in zip(("PCA's error", "network's error"), maps, strict=True)
    }
    scale = PictureScale(
        data_uri(_encoded(_coloured(np.linspace(0, 1, 128)[None].repeat(8, 0)))), "0",
        f"{most:.2g}", "Error of a pixel, the same scale for PCA and the network",
    )  # fmt: skip
    cards = iter(
        PictureCard(
            these.names[row],
            f"MSE {these.errors[row]:#.3g}, PCA {these.pca_errors[row]:#.3g}",
            [Picture(name, data_uri(_encoded(images[place]))) for name, images in drawn.items()],
        )
        for place, row in enumerate(rows)
    )
    return [
        PictureGroup(title, [next(cards) for _ in these_rows], scale)
        for title, these_rows in groups.items()
    ]


def _difference(images: NDArray, clean: NDArray) -> NDArray[np.floating]:
    """Returns how far off each pixel is, of colours their mean."""
    far: NDArray[np.floating] = np.abs(images - clean)
    return far.mean(-1) if far.ndim == 4 else far


def _coloured(shares: NDArray[np.floating]) -> NDArray[np.uint8]:
    from matplotlib import colormaps

    pixels: NDArray[np.uint8] = colormaps["inferno"](np.clip(shares, 0, 1), bytes=True)[..., :3]
    return pixels


def mosaic(images: NDArray[np.floating]) -> str:
    """Lays rows of images out as one picture, as a data URI.

    Args:
        images: `(rows, columns, height, width)`, or with 3 colours.
    """
    rows, columns, height, width, *_ = images.shape
    pixels = as_bytes(images.reshape(-1, *images.shape[2:]))
    pixels = pixels.reshape(rows, columns, *pixels.shape[1:]).swapaxes(1, 2)
    joined = pixels.reshape(rows * height, columns * width, *pixels.shape[4:])
    return data_uri(_encoded(joined, min(height, width), _MOST_MOSAIC))


def _encoded(pixels: NDArray[np.uint8], side: int | None = None, most: int = _MOST_PIXELS) -> bytes:
    """Returns the bytes of a PNG file, or of a JPEG where images have so large a side."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    kind = "JPEG" if (side or min(picture.size)) > _LOSSLESS else "PNG"
    picture.thumbnail((most, most))
    content = io.BytesIO()
    picture.save(content, kind, quality=85)
    return content.getvalue()
