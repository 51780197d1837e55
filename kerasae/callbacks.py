"""Keras callbacks for anybody's autoencoder: scores of held-out images, and pictures."""

import contextlib
import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kerasae.data.pixels import as_bytes, as_floats
from kerasae.errors import InvalidSetting
from kerasae.files.owned_folder import owned
from kerasae.files.whole_files import save_with
from kerasae.metrics import Scores, image_mse, scores
from kerasae.model_outputs import outputs

Images = NDArray[np.uint8 | np.floating]
_COLUMNS = 10
# Smaller images are enlarged to about so many pixels each way.
_LEGIBLE = 64


def validation_logs(scored: Scores) -> dict[str, float]:
    """Returns the scores of held-out images by their names in an epoch's logs.

    Example:

    >>> validation_logs(scores([0.1, 0.001]))["val_psnr"]
    20.0
    """
    return {"val_mse": scored.mse, "val_psnr": scored.psnr, "val_pooled_psnr": scored.pooled_psnr}


class ValidationScores(keras.callbacks.Callback):
    """Scores held-out images at the end of each epoch, as kerasae does.

    It writes `val_mse`, `val_psnr` (the mean of the images' PSNR, in dB) and `val_pooled_psnr`
    (the PSNR of `val_mse`) into the epoch's logs: `History` and the callbacks listed after it
    see them, such as `EarlyStopping("val_psnr", mode="max")`. No penalty and no dropout is in
    them, and they do not depend on the batch size.

    Args:
        images: Held-out images, `uint8`, or floats in [0, 1], `(images, *image_shape)`, at least
            one.
        inputs: What the model sees of them, such as noisy images; `None` for the images.

    Raises:
        InvalidSetting: If there are no images or their type is another; when training begins,
            if the model makes images of another shape.

    Example:

    >>> images = np.random.RandomState(0).rand(20, 8, 8).astype("float32")
    >>> model = keras.Sequential([keras.Input((8, 8)), keras.layers.Dense(8)])
    >>> model.compile("adam", "mse")
    >>> scored = ValidationScores(images[:5])
    >>> history = model.fit(images, images, verbose=0, callbacks=[scored]).history
    >>> sorted(history)
    ['loss', 'val_mse', 'val_pooled_psnr', 'val_psnr']
    """

    def __init__(self, images: Images, inputs: Images | None = None) -> None:
        super().__init__()
        self._images, self._inputs = _checked(images), inputs

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        _check_shapes(self.model, self._images, self._inputs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        made = _made(self.model, self._images, self._inputs)
        if logs is not None:
            logs.update(validation_logs(scores(image_mse(as_floats(self._images), made))))


class Reconstructions(keras.callbacks.Callback):
    """Draws images, and what the model makes of them, after each epoch.

    The pictures are `epoch-0001.png` and so on. In each, a row of up to ten originals stands
    above the row of their reconstructions, clipped to [0, 1].

    Args:
        images: A few images, `uint8`, or floats in [0, 1], `(images, *image_shape)`, grey or of
            3 channels.
        folder: A new or empty folder, which is this callback's from the beginning of training.
        inputs: What the model sees of them, such as noisy images; `None` for the images.

    Raises:
        ArtifactError: When training begins, if the folder is not empty or cannot be used.
        InvalidSetting: If there are no images or their type or shape is another; when training
            begins, if the model makes images of another shape.

    Example:

    >>> import tempfile
    >>> images = np.random.RandomState(0).rand(20, 8, 8).astype("float32")
    >>> model = keras.Sequential([keras.Input((8, 8)), keras.layers.Dense(8)])
    >>> model.compile("adam", "mse")
    >>> folder = Path(tempfile.mkdtemp())
    >>> drawn = Reconstructions(images[:3], folder / "pictures")
    >>> _ = model.fit(images, images, epochs=2, verbose=0, callbacks=[drawn])
    >>> sorted(path.name for path in folder.glob("pictures/*.png"))
    ['epoch-0001.png', 'epoch-0002.png']
    """

    def __init__(
        self, images: Images, folder: str | os.PathLike[str], inputs: Images | None = None
    ) -> None:
        super().__init__()
        self._images, self._inputs = _checked(images), inputs
        if images.ndim not in (3, 4) or images.shape[3:] not in ((), (1,), (3,)):
            raise InvalidSetting("images", images.shape, "(images, height, width[, 1 or 3])")
        self._folder = Path(folder)
        self._owning = contextlib.ExitStack()
        self._begun = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        _check_shapes(self.model, self._images, self._inputs)
        # Of a training that was interrupted.
        self._owning.close()
        self._owning.enter_context(owned(self._folder, resume=self._begun))
        self._begun = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        made = as_bytes(_made(self.model, self._images, self._inputs))
        picture = Image.fromarray(_grid(as_bytes(self._images), made))
        path = self._folder / f"epoch-{epoch + 1:04d}.png"
        save_with(path, lambda place: picture.save(place, "PNG"))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._owning.close()


def _checked(images: Images) -> Images:
    if not len(images):
        raise InvalidSetting("images", "none", "at least one")
    as_floats(images[:1])
    return images


def _made(model: keras.Model, images: Images, inputs: Images | None) -> NDArray[np.float32]:
    return outputs(model, as_floats(images if inputs is None else inputs))


def _check_shapes(model: keras.Model, images: Images, inputs: Images | None) -> None:
    seen = images if inputs is None else inputs
    if len(seen) != len(images):
        raise InvalidSetting("inputs", len(seen), f"{len(images)}, one for each image")
    made = outputs(model, as_floats(seen[:1]), 1).shape[1:]
    if made != images.shape[1:]:
        raise InvalidSetting("images", images.shape[1:], f"{made}, as the model makes them")


def _grid(originals: NDArray[np.uint8], made: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Puts up to ten images in a row, and below each what was made of it."""
    pairs = np.concatenate([originals, made], axis=1)  # (images, 2 * height, width[, 3])
    columns = min(_COLUMNS, len(pairs))
    # The last row is filled up with black.
    missing = np.zeros((-len(pairs) % columns, *pairs.shape[1:]), np.uint8)
    rows = np.concatenate([pairs, missing]).reshape(-1, columns, *pairs.shape[1:])
    picture = np.concatenate([np.concatenate(list(row), axis=1) for row in rows])
    scale = max(1, round(_LEGIBLE / max(originals.shape[1:3])))
    return picture.repeat(scale, axis=0).repeat(scale, axis=1)
