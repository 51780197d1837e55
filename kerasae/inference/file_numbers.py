"""The numbers of image files inside a model, as `data.pixel_scale` has them outside of it."""

from typing import Any

Tensor = Any
_LEVELS = 255


def pixels_of(numbers: Tensor, white: float | None) -> Tensor:
    """Converts numbers of files into pixels, of the same 256 levels as the images of a run.

    Args:
        numbers: A tensor of images.
        white: The number that is white; those above it are white, too. `None` has pixels already.

    Returns:
        Pixels in [0, 1], of the same shape.

    Example:

    >>> pixels_of([0.0, 819.0, 4095.0, 5000.0], 4095).numpy().tolist()
    [0.0, 0.20000000298023224, 1.0, 1.0]
    """
    from keras import ops

    if white is None:
        return numbers
    levels = ops.round(ops.clip(ops.divide(numbers, white), 0, 1) * _LEVELS)
    return levels / _LEVELS


def numbers_of(pixels: Tensor, white: float | None) -> Tensor:
    """Converts pixels back into numbers of files; see `pixels_of`."""
    return pixels if white is None else pixels * white
