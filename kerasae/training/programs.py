"""Compiled programs of a training, which another one of the same shape can take over."""

import dataclasses

import keras
import numpy as np
from numpy.typing import NDArray

from kerasae.experiment import Experiment
from kerasae.runtime import give_memory_back
from kerasae.training.trainer import ChunkTrainer


class ProgramCache:
    """Keeps the programs of the last training for the next that differs in nothing but its seed.

    Tracing and compiling take seconds, as long as a small training. The model that was trained
    before is used again, too: it is to be saved before the next one starts.
    """

    def __init__(self) -> None:
        self._last: tuple[Experiment, NDArray[np.uint8], ChunkTrainer] | None = None

    def trainer(
        self,
        experiment: Experiment,
        images: NDArray[np.uint8],
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
    ) -> ChunkTrainer:
        """Returns a compiled trainer with the state that a training of a new model begins with.

        Args:
            experiment: The settings.
            images: The images of `ChunkTrainer`.
            model: The untrained network; another one of its kind may be trained in its place.
            optimizer: One that is not built yet, in whose place another one may be used.
        """
        if self._last is not None:
            earlier, earlier_images, trainer = self._last
            alike = dataclasses.replace(experiment, seed=earlier.seed) == earlier
            if alike and images is earlier_images:
                _begin_anew(trainer, experiment.seed, model, optimizer)
                return trainer
            # Its memory is for what is compiled now.
            del trainer
            self._last = None
            give_memory_back()
        trainer = ChunkTrainer(model, images, experiment)
        trainer.compile_now(optimizer)
        self._last = experiment, images, trainer
        return trainer


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
