"""Named experiments, and the networks that the studies of the report train."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from kerasae.errors import InvalidSetting
from kerasae.experiment import Experiment, Pace
from kerasae.reference import REPORT_MSE, long_epochs

_DEEP30 = Experiment(
    "mnist",
    (1000, 500, 250),
    30,
    epochs=200,
    shift=1,
    learning_rate=2e-3,
    weight_decay=0.1,
    validation_split=0.0,
)

# What the report adds to its images, as a standard deviation.
SIGMA = 0.6
# Noise in the gradient is what limits a denoiser: large batches at a high rate, for long. The 5,000
# digits have a thirteenth of the images.
_DENOISING_PACES = {
    "mnist": Pace(epochs=60, batch_size=512, learning_rate=3e-3),
    "fashion_mnist": Pace(epochs=70, batch_size=512, learning_rate=3e-3),
    "mnist5k": Pace(epochs=60, batch_size=128, learning_rate=2e-3),
}

PRESETS: dict[str, Experiment] = {
    # The autoencoder of Hinton & Salakhutdinov (2006), who shift nothing and print 3.00.
    "deep30": _DEEP30,
    "deep30-plain": dataclasses.replace(_DEEP30, shift=0, weight_decay=0.3, epochs=60),
}


def preset(name: str) -> Experiment:
    """Returns a named experiment.

    Args:
        name: `deep30` (784-1000-500-250-30 and its mirror on MNIST, images shifted by up to a
            pixel) or `deep30-plain` (without augmentation).

    Raises:
        InvalidSetting: If there is none of that name.

    Example:

    >>> preset("deep30").latent_dim
    30
    """
    if name not in PRESETS:
        raise InvalidSetting("preset", name, "one of " + ", ".join(PRESETS))
    return PRESETS[name]


def selected_model(dataset: str) -> Experiment:
    """Returns the architecture that the report selects, for as many epochs as its long runs.

    One hidden layer each side of a code of 100, without a shortcut.

    Example:

    >>> selected_model("mnist").epochs
    50
    """
    return Experiment(dataset, latent_dim=100, shortcut=None, epochs=long_epochs(dataset))


def long_run(dataset: str) -> Experiment:
    """Returns `selected_model` with what a long training is best with.

    Digits are shifted by up to a pixel, without which so wide a network learns them by heart:
    1024 units then end at 0.00090 on the training and at 0.00138 on the test images of MNIST.
    Clothes fill their images, and shifted ones are not what the test set has.

    Example:

    >>> long_run("mnist").shift, long_run("fashion_mnist").shift
    (1, 0)
    """
    clothes = dataset == "fashion_mnist"
    return dataclasses.replace(
        selected_model(dataset),
        hidden_dims=(1024,) if clothes else (2048,),
        shift=0 if clothes else 1,
        learning_rate=2e-3,
    )


def novelty_detector(dataset: str, *, one_novel: bool = False) -> Experiment:
    """Returns the network whose hidden layers tell novel images best.

    Deep, for each layer is compared, without a shortcut, which would reconstruct whatever PCA
    does. Of one class, images are shifted by up to a pixel. Chosen by a development AUROC inside
    the training splits of the report's data sets, for one class in small batches, which are more
    steps; on others batches and epochs follow from the data.

    Args:
        dataset: The data set.
        one_novel: Whether all classes but one are normal, in place of one.

    Example:

    >>> novelty_detector("mnist").batch_size, novelty_detector("photos").batch_size
    (64, None)
    """
    known = dataset in REPORT_MSE
    epochs, batch_size = (30, 128) if one_novel else (60, 64)
    return Experiment(
        dataset, (256, 128, 64, 32), 20, shortcut=None, shift=0 if one_novel else 1,
        learning_rate=2e-3, epochs=epochs if known else None,
        batch_size=batch_size if known else None,
    )  # fmt: skip


def denoiser(dataset: str) -> Experiment:
    """Returns the network that removes noise best; wide, for noise hides little of its input.

    Its pace and the share held out were chosen on the report's images; on others the pace follows
    from the data, and as many images are held out as usual, for a twentieth of a few chooses badly.

    Example:

    >>> denoiser("mnist").sigma, denoiser("photos").epochs
    (0.6, None)
    """
    experiment = Experiment(dataset, (1024, 512), 128, sigma=SIGMA)
    pace = _DENOISING_PACES.get(dataset)
    if pace is None:
        return experiment
    return dataclasses.replace(experiment, **pace._asdict(), validation_split=0.05)


def changed(base: Experiment, settings: Mapping[str, Any]) -> Experiment:
    """Returns what a study starts from with other settings.

    A batch that is not among them follows from the data where those are cut to fewer images than
    ten batches: nobody asked for it.

    Args:
        base: What the study starts from.
        settings: Values of settings by name.

    Example:

    >>> changed(denoiser("mnist"), {"train_images": 500}).batch_size
    >>> changed(denoiser("mnist"), {"train_images": 500, "batch_size": 99}).batch_size
    99
    """
    experiment = dataclasses.replace(base, **settings)
    images, batch_size = experiment.train_images, experiment.batch_size
    if images and batch_size and images < 10 * batch_size and "batch_size" not in settings:
        return dataclasses.replace(experiment, batch_size=None)
    return experiment
