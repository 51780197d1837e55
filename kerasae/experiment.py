"""The description of one training run, and the only home of its defaults."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

from kerasae.errors import InvalidSetting

ARCHITECTURES: dict[str, tuple[int, ...]] = {"basic": (256,), "extended": (1024, 512)}
ACTIVATIONS = ("relu", "silu", "gelu", "elu", "selu", "tanh", "sigmoid", "leaky_relu")
OPTIMIZERS = ("adam", "nadam", "rmsprop", "sgd", "muon")
LOSSES = ("mse", "binary_crossentropy")
SHORTCUTS = ("linear", "pca")
LARGEST_SEED = 2**32 - 1
_LARGEST_SIDE = 8192
# Of epochs, widths and the like: a digit too many is told, not tried.
_LARGEST_COUNT = 1_000_000


def architecture_name(hidden_dims: tuple[int, ...]) -> str:
    """Names a network by its depth: one hidden layer each side is `basic`, two `extended`.

    Example:

    >>> architecture_name((256,)), architecture_name((1000, 500, 250))
    ('basic', 'deep')
    """
    return {1: "basic", 2: "extended"}.get(len(hidden_dims), "deep" if hidden_dims else "shallow")


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Everything that decides the result of one training run.

    Args:
        dataset: Name of the data set (`mnist`, `fashion_mnist` or `mnist5k`), or the path of
            images of your own; see `load_dataset`.
        hidden_dims: Widths of the hidden layers from the image to the code; the
            decoder mirrors them. Any number, each at least 1.
        latent_dim: Size of the code (the report's "projected dimension"), at least 1.
        activation: Activation of the hidden layers.
        l1: Weight λ of the L1 penalty on the code (Lasso), at least 0. Keras sums the
            penalty over units and averages it over the batch.
        dropout: Dropout rate after each hidden layer, in [0, 1).
        shortcut: A linear path beside the stack, started at random (`linear`) or at the
            PCA solution (`pca`), or `None` for the plain stack. See `models.autoencoder`.
        sigma: Standard deviation of the Gaussian noise that is added to the input, in
            units of the pixels' range [0, 1], at least 0; 0 trains a plain autoencoder.
        clip_noise: Whether the noisy input is clipped to [0, 1].
        shift: Augmentation: largest shift of a training image in each direction, in whole
            pixels, at least 0; 0 for none.
        epochs: Passes over the training images, at least 1.
        batch_size: Images per step, at least 1.
        learning_rate: Peak of the schedule, above 0 and finite.
        optimizer: Name of a Keras optimizer.
        weight_decay: Share of each weight (biases excepted) that a step takes away, times the
            learning rate, at least 0 (decoupled, Loshchilov & Hutter 2019; `adam` with it is
            AdamW). Long trainings want 0.1 to 0.3; 0 leaves the optimizer as Keras ships it.
        loss: `mse` or `binary_crossentropy`.
        validation_split: Share of the training images held out, in [0, 1); at least one image
            where it is above 0.
        patience: Epochs without a better validation MSE before training stops, or
            `None` to train all epochs.
        seed: Seed of the weights, the order of the images, Dropout and noise, from 0 to
            4294967295.
        image_size: Height and width that your own images are converted to, or `None`.
        grayscale: Whether your own images are converted to grayscale.

    Raises:
        InvalidSetting: If a value lies outside its range.

    Example:

    >>> Experiment(latent_dim=100).hidden_dims
    (256,)
    """

    dataset: str = "mnist"
    hidden_dims: tuple[int, ...] = ARCHITECTURES["basic"]
    latent_dim: int = 30
    activation: str = "gelu"
    l1: float = 0.0
    dropout: float = 0.0
    shortcut: str | None = "pca"
    sigma: float = 0.0
    clip_noise: bool = False
    shift: int = 0
    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 3e-3
    optimizer: str = "adam"
    weight_decay: float = 0.0
    loss: str = "mse"
    validation_split: float = 0.1
    patience: int | None = None
    seed: int = 0
    image_size: tuple[int, int] | None = None
    grayscale: bool = False

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _plain(getattr(self, field.name)))
        if not isinstance(self.dataset, str):
            raise InvalidSetting("dataset", self.dataset, "its name or a path, such as mnist")
        if not isinstance(self.hidden_dims, Iterable):
            raise InvalidSetting("hidden_dims", self.hidden_dims, "several widths, such as (256,)")
        object.__setattr__(self, "hidden_dims", tuple(self.hidden_dims))
        if self.image_size is not None:
            object.__setattr__(self, "image_size", check_image_size(self.image_size))
        for width in self.hidden_dims:
            check_count("hidden_dims", width)
        for name in ("latent_dim", "epochs", "batch_size"):
            check_count(name, getattr(self, name))
        if self.patience is not None:
            check_count("patience", self.patience)
        check_count("shift", self.shift, minimum=0)
        check_seed(self.seed)
        for name in ("clip_noise", "grayscale"):
            _check_flag(name, getattr(self, name))
        _check_choice("activation", self.activation, ACTIVATIONS)
        _check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("loss", self.loss, LOSSES)
        check_shortcut(self.shortcut)
        if self.shortcut is not None and self.loss != "mse":
            # Outputs of exactly 0 and 1, which the clipping makes, have no cross-entropy.
            raise InvalidSetting("loss", self.loss, f"mse with shortcut {self.shortcut}")
        _check_range("learning_rate", self.learning_rate, 0, math.inf, open_low=True)
        _check_range("l1", self.l1, 0, math.inf)
        _check_range("weight_decay", self.weight_decay, 0, math.inf)
        _check_range("dropout", self.dropout, 0, 1)
        _check_range("sigma", self.sigma, 0, math.inf)
        _check_range("validation_split", self.validation_split, 0, 1)
        if self.patience is not None and self.validation_split == 0:
            expected = "none with a validation_split of 0, which holds no images out"
            raise InvalidSetting("patience", self.patience, expected)

    @property
    def architecture(self) -> str:
        """`basic`, `extended`, `deep` or `shallow`, by the number of hidden layers."""
        return architecture_name(self.hidden_dims)

    def check_validation(self) -> None:
        """Checks that images are held out, for a study that chooses by them.

        Raises:
            InvalidSetting: If none are.
        """
        if self.validation_split == 0:
            raise InvalidSetting("validation_split", 0, "above 0: the study chooses by it")

    def check_fits(self, images: int) -> None:
        """Checks that there are images to train on, and at least a batch of them.

        Args:
            images: Number of images to train on.

        Raises:
            InvalidSetting: If there are fewer than two, or fewer than a batch.
        """
        check_several(images)
        if self.batch_size > images:
            raise InvalidSetting(
                "batch_size", self.batch_size, f"at most the {images} training images"
            )

    def to_dict(self) -> dict[str, Any]:
        """Returns every setting as plain JSON values."""
        size = None if self.image_size is None else list(self.image_size)
        return {
            **dataclasses.asdict(self),
            "hidden_dims": list(self.hidden_dims),
            "image_size": size,
        }


def check_several(images: int) -> None:
    """Checks that there are as many images to train on as have a variance.

    Raises:
        InvalidSetting: If there are fewer than two.
    """
    if images < 2:
        raise InvalidSetting("training images", images, "at least 2: one has no variance")


def check_seed(seed: object) -> None:
    """Checks a seed.

    Raises:
        InvalidSetting: If it is not a whole number from 0 to 4294967295.
    """
    if type(seed) is not int or not 0 <= seed <= LARGEST_SEED:
        raise InvalidSetting("seed", seed, f"a whole number from 0 to {LARGEST_SEED}")


def check_shortcut(shortcut: object) -> None:
    """Checks what runs beside the stack of a network.

    Raises:
        InvalidSetting: If it is not `None`, `linear` or `pca`.
    """
    if shortcut not in (None, *SHORTCUTS):
        raise InvalidSetting("shortcut", shortcut, f"{', '.join(SHORTCUTS)} or none")


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Checks that a setting is one of several words.

    Raises:
        InvalidSetting: If it is not.
    """
    if value not in choices:
        raise InvalidSetting(name, value, "one of " + ", ".join(choices))


def check_image_size(size: object) -> tuple[int, int]:
    """Checks a height and a width.

    Raises:
        InvalidSetting: If they are not two whole numbers from 1 to 8192.

    Example:

    >>> check_image_size([64, 48])
    (64, 48)
    """
    pair = tuple(size) if isinstance(size, list | tuple) else ()
    if len(pair) != 2 or not all(type(n) is int and 1 <= n <= _LARGEST_SIDE for n in pair):
        raise InvalidSetting(
            "image_size", size, f"a height and a width, each from 1 to {_LARGEST_SIDE}"
        )
    return pair


def _plain(setting: Any) -> Any:
    """Returns a setting as Python's own numbers; grids made with NumPy have NumPy's."""
    if isinstance(setting, list | tuple):
        return tuple(_plain(one) for one in setting)
    return setting.tolist() if hasattr(setting, "tolist") else setting


def check_count(name: str, value: object, minimum: int = 1) -> None:
    """Checks a number of things, up to a million.

    Raises:
        InvalidSetting: If it is not a whole number from `minimum` on.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise InvalidSetting(name, value, f"a whole number of at least {minimum}")
    if value > _LARGEST_COUNT:
        raise InvalidSetting(name, value, f"a whole number of at most {_LARGEST_COUNT:,}")


def _check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise InvalidSetting(name, value, "True or False")


def _check_range(
    name: str, value: object, low: float, high: float, *, open_low: bool = False
) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not (low < value if open_low else low <= value) or not value < high:  # type: ignore[operator]
        above = "above" if open_low else "of at least"
        below = "and finite" if math.isinf(high) else f"and below {high:g}"
        raise InvalidSetting(name, value, f"a number {above} {low:g} {below}")
