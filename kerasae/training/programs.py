"""Compiled programs of a training, which another one of the same shape can take over."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import NDArray

from kerasae.experiment import Experiment
from kerasae.model_outputs import ImageMSE, image_mse_function
from kerasae.runtime import give_memory_back
from kerasae.training.trainer import ChunkTrainer


@dataclasses.dataclass(frozen=True)
class Programs:
    """What trains and scores a model.

    Args:
        trainer: Trains `trainer.autoencoder`.
        image_mse: Scores the same model.
    """

    trainer: ChunkTrainer
    image_mse: ImageMSE


class ProgramCache:
    """Keeps the programs of the last training for the next that differs in nothing but its seed.

    Tracing and compiling take seconds, as long as a small training. The model that was trained
    before is used again, too: it is to be saved before the next one starts.
    """

    def __init__(self) -> None:
        self._last: tuple[Experiment, NDArray[np.uint8], Programs] | None = None

    def programs(
        self,
        experiment: Experiment,
        images: NDArray[np.uint8],
        model: keras.Model,
        make_optimizer: Callable[[], keras.optimizers.Optimizer],
    ) -> Programs:
        """Returns compiled programs with the state that a training of a new model begins with.

        Args:
            experiment: The settings.
            images: The images of `ChunkTrainer`.
            model: The untrained network; another one of its kind may be trained in its place.
            make_optimizer: Makes an optimizer that is not built yet.
        """
        if self._last is not None:
            earlier, earlier_images, programs = self._last
            if images is earlier_images and _alike(experiment, earlier):
                _begin_anew(programs.trainer, experiment.seed, model, make_optimizer())
                return programs
            # Their memory is for those that are compiled now.
            del programs
            self._last = None
            give_memory_back()
        trainer = ChunkTrainer(model, images, experiment)
        trainer.compile(make_optimizer(), experiment.loss, jit_compile=True)
        trainer.compile_now()
        programs = Programs(trainer, image_mse_function(model))
        self._last = experiment, images, programs
        return programs


def _alike(experiment: Experiment, earlier: Experiment) -> bool:
    return dataclasses.replace(experiment, seed=earlier.seed) == earlier


def _begin_anew(
    trainer: ChunkTrainer, seed: int, model: keras.Model, optimizer: keras.optimizers.Optimizer
) -> None:
    optimizer.build(model.trainable_variables)
    # `variables` has the state of Dropout's generators, `weights` has not.
    state = [*trainer.autoencoder.variables, *trainer.optimizer.variables]
    first = [*model.variables, *optimizer.variables]
    for variable, value in zip(state, first, strict=True):
        variable.assign(value)
    trainer.seed.assign(seed)
