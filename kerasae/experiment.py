"""The settings of one training run, each declared once: type, bounds, default and help."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

import msgspec
from msgspec import Meta

from kerasae.environment import processor_flags
from kerasae.errors import InvalidSetting
from kerasae.files.shapes import FINITE, checked, documented, fields_of
from kerasae.precision import FLOAT32, Precision, chosen_precision
from kerasae.reference import SWEEP_EPOCHS

ARCHITECTURES: dict[str, tuple[int, ...]] = {"basic": (256,), "extended": (1024, 512)}
# A digit too many is told, not tried.
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
NotNegative = Annotated[float, Meta(ge=0, le=FINITE)]
Positive = Annotated[float, Meta(gt=0, le=FINITE)]
Share = Annotated[float, Meta(ge=0, lt=1)]
_Pixels = Annotated[int, Meta(ge=0, le=1_000_000)]
_WholeShare = Annotated[float, Meta(ge=0, le=1)]
# Noise of 3 leaves 1 % of a white pixel's power: what is above it is meant for 0 to 255.
MOST_SIGMA = 3
SIGMA_HINT = "where pixels are in [0, 1]: 25/255 is 0.098"
Sigma = Annotated[
    float,
    Meta(ge=0, le=MOST_SIGMA, extra={"expected": f"a number from 0 to {MOST_SIGMA}, {SIGMA_HINT}"}),
]
_Side = Annotated[int, Meta(ge=1, le=8192)]
ImageSize = Annotated[
    tuple[_Side, _Side], Meta(extra={"expected": "a height and a width, each from 1 to 8192"})
]


_FEW = 5_000  # images, fewer than which a network without Dropout learns by heart
_VERY_FEW = 3_000  # fewer than which gain by shifts of more than a pixel; more lose
_MANY = 5_000  # shifted images, from which on one hidden layer gains by the lower rate, too
# What settings are about; options are shown by it.
DATA, NETWORK, TRAINING = "Data", "Network", "Training"


def _help(text: str, about: str = TRAINING, **extra: Any) -> Meta:
    """Says what a setting is and is about, and what else `shapes.Field` has of it.

    `follows` is true of one that follows from the data where it is not given.
    """
    return Meta(description=text, extra={"about": about, **extra})


# What the operating system takes for the name of a file, bytes that are no text included.
PathName = Annotated[str, Meta(pattern="^[^\0\ud800-\udc7f\udd00-\udfff]*$")]
_DATASET = _help(
    "Data set: mnist, fashion_mnist, mnist5k or digits8 (the last two need no download), or the "
    "path of your own images.",
    DATA,
    metavar="NAME|PATH",
    expected="its name, or the path of a folder or file, such as mnist",
)


def architecture_name(hidden_dims: tuple[int, ...]) -> str:
    """Names a network by its depth: one hidden layer each side is `basic`, two `extended`.

    Example:

    >>> architecture_name((256,)), architecture_name((1000, 500, 250))
    ('basic', 'deep')
    """
    return {1: "basic", 2: "extended"}.get(len(hidden_dims), "deep" if hidden_dims else "shallow")


class Pace(NamedTuple):
    """How often, in how large and how long steps a network is trained."""

    epochs: int
    batch_size: int
    learning_rate: float


@documented
@dataclasses.dataclass(frozen=True)
class Experiment:
    """Everything that decides the result of one training run.

    A setting that is `None` by default may follow from the data; see `resolved`. The decoder
    mirrors `hidden_dims`, of which there may be none; `latent_dim` is the report's "projected
    dimension". Keras sums the `l1` penalty over the code's units and averages it over the batch.
    `shortcut` is explained at `models.autoencoder`. `weight_decay` is the share of each weight that
    a step takes away, times the learning rate (Loshchilov & Hutter 2019; `adam` with it is
    AdamW); 0 leaves the optimizer as Keras ships it. Of two images or more, a `validation_split`
    above 0 holds out at least one. `image_size` is a height and a width.

    Raises:
        InvalidSetting: If a value lies outside its range.

    Example:

    >>> Experiment(latent_dim=100).hidden_dims
    (256,)
    """

    dataset: Annotated[PathName, _DATASET] = "mnist"
    hidden_dims: Annotated[
        tuple[Count, ...],
        Meta(max_length=100),
        _help("Widths of the encoder's hidden layers; the decoder mirrors them.", NETWORK),
    ] = ARCHITECTURES["basic"]
    latent_dim: Annotated[
        Count, _help("Latent dimension: how many numbers the code of an image has.", NETWORK)
    ] = 30
    activation: Annotated[
        Literal["relu", "silu", "gelu", "elu", "selu", "tanh", "sigmoid", "leaky_relu"],
        _help("Activation of the hidden layers; the code is linear.", NETWORK),
    ] = "gelu"
    l1: Annotated[
        NotNegative, _help("Weight λ of the L1 penalty on the code (Lasso).", NETWORK)
    ] = 0.0
    dropout: Annotated[
        Share | None, _help("Dropout rate after each hidden layer.", NETWORK, follows=True)
    ] = None
    shortcut: Annotated[
        Literal["linear", "pca"] | None,
        _help("Linear path beside the layers, initialized at random or at PCA.", NETWORK),
    ] = "pca"
    initializer: Annotated[
        Literal["glorot_uniform", "lecun_uniform"] | None,
        _help("Initializer of the hidden layers.", NETWORK, follows=True),
    ] = None
    train_images: Annotated[
        Count | None,
        _help("Use only this many of the training images, so that overfitting shows.", DATA),
    ] = None
    sigma: Annotated[
        Sigma,
        _help("Standard deviation of the noise added to inputs, with pixels in [0, 1].", DATA),
    ] = 0.0
    clip_noise: Annotated[
        bool, _help("Clip noisy images to [0, 1].", DATA, flags=("--clip/--no-clip",))
    ] = False
    shift: Annotated[
        _Pixels | None,
        _help("Augmentation: shift training images by up to this many pixels.", DATA, follows=True),
    ] = None
    mixup: Annotated[
        _WholeShare | None,
        _help("Augmentation: share of training images mixed with another.", DATA, follows=True),
    ] = None
    epochs: Annotated[Count | None, _help("Training epochs.", follows=True)] = None
    batch_size: Annotated[Count | None, _help("Images per training step.", follows=True)] = None
    learning_rate: Annotated[
        Positive | None,
        _help("Peak learning rate, after a warm-up and before a cosine decay.", follows=True),
    ] = None
    optimizer: Annotated[
        Literal["adam", "nadam", "rmsprop", "sgd", "muon"], _help("Keras optimizer.")
    ] = "adam"
    weight_decay: Annotated[
        NotNegative | None, _help("Decoupled weight decay of all weights but biases.", follows=True)
    ] = None
    loss: Annotated[
        Literal["mse", "binary_crossentropy"],
        _help("Training loss; the second needs --shortcut none."),
    ] = "mse"
    precision: Annotated[
        Precision | None, _help("Precision of the matrix products in training.", follows=True)
    ] = None
    validation_split: Annotated[
        Share, _help("Share of the training images held out for validation; 0 trains on all.")
    ] = 0.1
    patience: Annotated[
        Count | None,
        _help("Stop after this many epochs without a better validation MSE; off by default."),
    ] = None
    seed: Annotated[
        int,
        Meta(ge=0, le=2**32 - 1),
        _help("Seed of initial weights, image order, Dropout and noise."),
    ] = 0
    image_size: Annotated[
        ImageSize | None,
        _help("Resize your images, such as to 64x64.", DATA, metavar="WIDTHxHEIGHT"),
    ] = None
    grayscale: Annotated[
        bool, _help("Convert your images to grayscale.", DATA, flags=("--grayscale",))
    ] = False

    def __post_init__(self) -> None:
        try:
            # All at once, which is quick; one by one what is not as declared.
            values = msgspec.convert(vars(self), _shapes())
        except msgspec.ValidationError:
            values = {name: check_setting(name, value) for name, value in vars(self).items()}
        vars(self).update(values)
        if self.shortcut is not None and self.loss != "mse":
            # Outputs of exactly 0 and 1, which the clipping makes, have no cross-entropy.
            raise InvalidSetting("loss", self.loss, f"mse with shortcut {self.shortcut}")
        if self.patience is not None and self.validation_split == 0:
            expected = "none with a validation_split of 0, which holds no images out"
            raise InvalidSetting("patience", self.patience, expected)

    @property
    def pace(self) -> Pace:
        """The settings that may follow from the data, of an experiment that is `resolved`."""
        assert self.epochs is not None
        assert self.batch_size is not None
        assert self.learning_rate is not None
        return Pace(self.epochs, self.batch_size, self.learning_rate)

    @property
    def architecture(self) -> str:
        """`basic`, `extended`, `deep` or `shallow`, by the number of hidden layers."""
        return architecture_name(self.hidden_dims)

    @property
    def follows_shift(self) -> bool:
        """Whether the shift follows from the images, which have to be looked at then."""
        return self.shift is None and self._beside_pca

    @property
    def _beside_pca(self) -> bool:
        return self.shortcut == "pca" and self.dataset not in SWEEP_EPOCHS

    def check_validation(self) -> None:
        """Checks that images are held out, for a study that chooses by them.

        Raises:
            InvalidSetting: If none are.
        """
        if self.validation_split == 0:
            raise InvalidSetting("validation_split", 0, "above 0: the study chooses by it")

    def resolved(
        self,
        images: int,
        pixels: int,
        *,
        variance: float = 0.0,
        furthest_shift: int = 0,
        threads: int = 1,
    ) -> Experiment:
        """Returns the settings with those that follow from the data, which a run records.

        They are those of the report's data sets where it gives them. Otherwise a step takes a tenth
        of the images, from 16 to 128; a million images are seen, in 10 to 100 passes; and the rate
        is 3e-3, for images whose variance is above 100 less by the root of the ratio: a step of
        Adam moves each weight alike, and what they add up to by as much more as the images vary.
        Beside a start at PCA it is a third of that where images are shifted and there are at least
        5,000 of them, or several hidden layers: with more, trainings are still unsteady at the end.
        As the code of that start is standardized, hidden layers start as LeCun et al. (1998) have
        it: units then vary by about one, and bend what Glorot's smaller weights leave as straight
        as PCA; a weight decay of 0.1 keeps them from learning images by heart. Where there are
        fewer than 5,000 and no noise is added to them, so do a Dropout of 0.2 and the mixing of
        three quarters of them, in up to 300 passes; so do shifts where what was shifted might as
        well be another of the images, by a pixel, or of fewer than 3,000 by up to four, in up to
        300 passes until three million are seen. The precision is that of
        `precision.chosen_precision`, on the processor that this is asked on.

        Args:
            images: Number of images to train on.
            pixels: Numbers in one image.
            variance: The sum of the pixels' variances; see `ImageData.variance`.
            furthest_shift: By how many pixels images can be shifted and be like the others; see
                `ImageData.furthest_shift`.
            threads: Threads that a training computes with.

        Raises:
            InvalidSetting: If there are fewer than two images, or than the batch asked for.

        Example:

        >>> resolved = Experiment("photos").resolved(100, 16_384, variance=400.0)
        >>> resolved.batch_size, resolved.epochs, resolved.learning_rate
        (16, 300, 0.0015)
        """
        check_several(images)
        if self.batch_size is not None and self.batch_size > images:
            raise InvalidSetting(
                "batch_size", self.batch_size, f"at most the {images} training images"
            )
        batch_size = self.batch_size or min(images, 128, max(16, images // 10))
        beside_pca = self._beside_pca
        by_heart = beside_pca and images < _FEW and self.sigma == 0
        shift = self.shift or 0
        if self.follows_shift:
            shift = furthest_shift if images < _VERY_FEW else min(furthest_shift, 1)
        # Images that are never the same twice are learnt from for longer.
        moved = beside_pca and shift > 0
        seen, most = 3_000_000 if moved else 1_000_000, 300 if moved or by_heart else 100
        unsteady = moved and (images >= _MANY or len(self.hidden_dims) > 1)
        peak = 1e-3 if unsteady else 3e-3
        passes = min(max(10, round(seen / images)), most)
        followed: dict[str, Any] = {
            "epochs": SWEEP_EPOCHS.get(self.dataset, passes),
            "batch_size": batch_size,
            "initializer": "lecun_uniform" if beside_pca else "glorot_uniform",
            "weight_decay": 0.1 if beside_pca else 0.0,
            "dropout": 0.2 if by_heart else 0.0,
            "mixup": 0.75 if by_heart else 0.0,
            "shift": shift,
            # Rounded, for it is part of names.
            "learning_rate": float(f"{peak * min(1, 100 / max(variance, 1)) ** 0.5:.2g}"),
            "precision": chosen_precision(
                processor_flags(), pixels, self.hidden_dims, batch_size, threads
            ),
        }
        missing = {name: value for name, value in followed.items() if getattr(self, name) is None}
        return dataclasses.replace(self, **missing)

    def to_dict(self) -> dict[str, Any]:
        """Returns every setting as plain JSON values."""
        values = {name: getattr(self, name) for name in fields_of(Experiment)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }


def as_recorded(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings that a run recorded, with those that were not there yet as they were.

    Example:

    >>> as_recorded({"epochs": 9})["precision"], as_recorded({"precision": None})["precision"]
    ('float32', None)
    """
    return {**_defaults(), "precision": FLOAT32, "mixup": 0.0, "shift": 0, **settings}


@functools.cache
def _shapes() -> Any:
    shapes = {name: field.shape for name, field in fields_of(Experiment).items()}
    return TypedDict("_shapes", shapes)  # type: ignore[operator]


@functools.cache
def _defaults() -> dict[str, Any]:
    return Experiment().to_dict()


def check_setting(name: str, value: Any) -> Any:
    """Checks a value for one of an experiment's settings, and returns it as that has it.

    Raises:
        InvalidSetting: If it is of another type, or out of bounds.

    Example:

    >>> check_setting("image_size", [64, 48])
    (64, 48)
    """
    return checked(name, value, fields_of(Experiment)[name].shape)


def check_several(images: int) -> None:
    """Checks that there are as many images to train on as have a variance.

    Raises:
        InvalidSetting: If there are fewer than two.
    """
    if images < 2:
        raise InvalidSetting("training images", images, "at least 2: one has no variance")
