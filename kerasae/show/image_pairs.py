"""What a model makes of the test images: pairs of pictures, the worst and the best among them."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kerasae.data.image_data import ImageData, class_names
from kerasae.data.pixels import as_bytes, as_floats
from kerasae.model_outputs import image_mse_function, outputs
from kerasae.model_parts import check_shape
from kerasae.noise import TEST, scoring_input
from kerasae.runs.run import Run
from kerasae.show.report_page import PagePair, PagePairs

_SHOWN = 12
_MOST_PIXELS = 192  # of a side; larger pictures are made smaller for the page


def image_pairs(run: Run, data: ImageData) -> list[PagePairs]:
    """Pairs test images with what a run's model makes of them, and ranks them by their error.

    A denoiser sees the noisy images that it was scored on.

    Args:
        run: The run; its settings tell the noise.
        data: Its images, `uint8`.

    Returns:
        Three groups of at most twelve pairs: evenly spaced, the worst and the best ones. The
        caption has the class, the image's place in the test set and its MSE.

    Raises:
        InvalidSetting: If the model takes images of another shape.
    """
    model = run.model
    check_shape(model, data)
    noisy = scoring_input(run.experiment, data.test, TEST)
    errors = image_mse_function(model)(data.test, noisy)
    by_error = np.argsort(errors, kind="stable")
    evenly = np.linspace(0, len(errors) - 1, min(_SHOWN, len(errors)), dtype=np.intp)
    names = ("original", "reconstruction") if noisy is None else ("noisy image", "denoised image")
    classes = class_names(data)

    def pairs(rows: NDArray[np.intp]) -> list[PagePair]:
        seen = as_floats(data.test[rows] if noisy is None else noisy[rows])
        captions = (f"{classes[data.test_labels[r]]}, image {r}, MSE {errors[r]:.4f}" for r in rows)
        images = zip(as_bytes(seen), as_bytes(outputs(model, seen)), captions, strict=True)
        return [PagePair(_png(first), _png(second), caption) for first, second, caption in images]

    return [
        PagePairs("Test images, evenly spaced", names, pairs(evenly)),
        PagePairs("Worst test images", names, pairs(by_error[::-1][:_SHOWN])),
        PagePairs("Best test images", names, pairs(by_error[:_SHOWN])),
    ]


def _png(pixels: NDArray[np.uint8]) -> bytes:
    picture = Image.fromarray(pixels)
    picture.thumbnail((_MOST_PIXELS, _MOST_PIXELS))
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()
