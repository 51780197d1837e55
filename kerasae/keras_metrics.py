"""PSNR and SSIM as Keras metrics, for any model and any of Keras' backends."""

from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.errors import InvalidSetting
from kerasae.metrics import SMALLEST_MSE, SSIM_SIGMA, SSIM_WINDOW

# Wang et al. 2004: what keeps the quotients finite, for a peak of 1.
_C1, _C2 = 0.01**2, 0.03**2


class _ImageMetric(keras.metrics.MeanMetricWrapper):
    def get_config(self) -> dict[str, Any]:
        # The function goes with the class.
        return {"name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable("kerasae")
class PSNR(_ImageMetric):
    """The mean of the images' peak signal-to-noise ratios, in dB, for images in [0, 1].

    It is what `kerasae.psnr` and `kerasae evaluate` tell. `keras.ops.psnr` tells another number:
    that of the mean squared error of the whole batch, which is never larger.

    Errors below 1e-10 count as 1e-10, so that a perfect image has 100 dB.

    Args:
        name: Name in the logs.
        dtype: Type of the running sum; default: Keras' `floatx`.

    Example:

    >>> metric = PSNR()
    >>> original = np.zeros((2, 8, 8))
    >>> metric.update_state(original, original + np.reshape([0.1, 0.01], (2, 1, 1)))
    >>> round(float(metric.result()), 3)
    30.0

    In `compile`: `model.compile("adam", "mse", metrics=[kerasae.metrics.PSNR()])`.
    """

    def __init__(self, name: str = "psnr", dtype: str | None = None) -> None:
        super().__init__(_psnr, name=name, dtype=dtype)
        self._direction = "up"


@keras.saving.register_keras_serializable("kerasae")
class SSIM(_ImageMetric):
    """The mean structural similarity of images in [0, 1], at most 1.

    The settings, and so the values, are those of `metrics.ssim`: Wang et al. (2004), with a
    Gaussian window of 11x11 pixels, averaged where it fits, over the channels as well.

    Args:
        name: Name in the logs.
        dtype: Type of the running sum; default: Keras' `floatx`.

    Raises:
        InvalidSetting: At the first batch, if the images are not `(images, height, width)` or
            `(images, height, width, channels)` of known sizes of at least 11 pixels.

    Example:

    >>> metric = SSIM()
    >>> image = np.random.RandomState(0).rand(3, 16, 16)
    >>> metric.update_state(image, image)
    >>> round(float(metric.result()), 5)
    1.0
    """

    def __init__(self, name: str = "ssim", dtype: str | None = None) -> None:
        super().__init__(_ssim, name=name, dtype=dtype)
        self._direction = "up"


def _psnr(y_true: Any, y_pred: Any) -> Any:
    original, image = _float_pair(y_true, y_pred)
    mse = ops.mean(ops.square(image - original), axis=tuple(range(1, len(image.shape))))
    return -10.0 * ops.log10(ops.maximum(mse, SMALLEST_MSE))


def _ssim(y_true: Any, y_pred: Any) -> Any:
    x, y = _float_pair(y_true, y_pred)
    shape = tuple(x.shape[1:])
    if len(shape) not in (2, 3) or any(size is None or size < SSIM_WINDOW for size in shape[:2]):
        raise InvalidSetting("images of SSIM", shape, f"{SSIM_WINDOW} pixels each way or more")
    rows, columns = map(_window_matrix, shape[:2])

    def local_mean(values: Any) -> Any:
        return ops.einsum("ih,bhw...,jw->bij...", rows, values, columns)

    x_mean, y_mean = local_mean(x), local_mean(y)
    variances = local_mean(x * x + y * y) - x_mean**2 - y_mean**2
    covariance = local_mean(x * y) - x_mean * y_mean
    brightness = (2 * x_mean * y_mean + _C1) / (x_mean**2 + y_mean**2 + _C1)
    structure = (2 * covariance + _C2) / (variances + _C2)
    return ops.mean(brightness * structure, axis=tuple(range(1, len(x.shape))))


def _window_matrix(size: int) -> Any:
    """The Gaussian window at each place of a line where it fits, `(size - 10, size)`."""
    reach = SSIM_WINDOW // 2
    window = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / SSIM_SIGMA))
    places = range(size - 2 * reach)
    matrix = [np.pad(window / window.sum(), (i, len(places) - 1 - i)) for i in places]
    return ops.convert_to_tensor(np.array(matrix, np.float32))


def _float_pair(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    # In half precision, a small error would be none.
    original, image = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
    if tuple(original.shape[1:]) != tuple(image.shape[1:]):
        expected = f"{tuple(original.shape[1:])}, the shape of the originals"
        raise InvalidSetting("images", tuple(image.shape[1:]), expected)
    return original, image
