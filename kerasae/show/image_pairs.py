"""What a model makes of the test images: pairs of pictures, the worst and the best among them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kerasae.data.image_data import ImageData, class_names
from kerasae.data.pixels import as_bytes, as_floats
from kerasae.experiment import Experiment
from kerasae.inference.pictures import reconstruct
from kerasae.model_parts import check_shape
from kerasae.noise import TEST, scoring_input
from kerasae.show.report_page import PagePair, PagePairs

if TYPE_CHECKING:
    import keras

_SHOWN = 12
_MOST_PIXELS = 192  # of a side; larger pictures are made smaller for the page


def image_pairs(model: keras.Model, data: ImageData, experiment: Experiment) -> list[PagePairs]:
    """Pairs test images with what a model makes of them, and ranks them by their error.

    A denoiser sees the noisy images that it was scored on.

    Args:
        model: The model of the run.
        data: Its images, `uint8`.
        experiment: Its settings, which tell the noise.

    Returns:
        Three groups of at most twelve pairs: evenly spaced, the worst and the best ones. The
        caption has the class, the image's place in the test set and its MSE.

    Raises:
        InvalidSetting: If the model takes images of another shape.
    """
    from kerasae.model_outputs import image_mse_function

    check_shape(model, data)
    noisy = scoring_input(experiment, data.test, TEST)
    errors = image_mse_function(model)(data.test, noisy)
    by_error = np.argsort(errors, kind="stable")
    evenly = np.linspace(0, len(errors) - 1, min(_SHOWN, len(errors)), dtype=np.intp)
    names = ("original", "reconstruction") if noisy is None else ("noisy image", "denoised image")
    inputs: NDArray[np.uint8] | NDArray[np.float32] = data.test if noisy is None else noisy
    return [
        {"title": title, "names": names, "pairs": _pairs(model, inputs, data, errors, rows)}
        for title, rows in (
            ("Test images, evenly spaced", evenly),
            ("Worst test images", by_error[::-1][:_SHOWN]),
            ("Best test images", by_error[:_SHOWN]),
        )
    ]


def _pairs(
    model: keras.Model,
    inputs: NDArray[np.uint8] | NDArray[np.float32],
    data: ImageData,
    errors: NDArray[np.float32],
    rows: NDArray[np.intp],
) -> list[PagePair]:
    classes = class_names(data)
    seen, outputs = as_bytes(as_floats(inputs[rows])), as_bytes(reconstruct(model, inputs[rows]))
    return [
        {
            "first": _png(image),
            "second": _png(output),
            "caption": f"{classes[data.test_labels[row]]}, image {row}, MSE {errors[row]:.4f}",
        }
        for row, image, output in zip(rows, seen, outputs, strict=True)
    ]


def _png(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    picture = Image.fromarray(pixels)
    picture.thumbnail((_MOST_PIXELS, _MOST_PIXELS))
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()
