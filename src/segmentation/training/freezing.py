"""Transfer learning: how many levels of the backbone are frozen, and until which epoch."""

from typing import NamedTuple

import keras

from segmentation.config.training import TrainConfig
from segmentation.models.parts import backbone_layers


class Phase(NamedTuple):
    """The epochs after `since` up to `until`, counted from 1, in which so many levels are `frozen`."""

    since: int
    until: int
    frozen: int


def phases(config: TrainConfig) -> list[Phase]:
    """Return the one or two phases of a training, in order."""
    whole = Phase(0, config.epochs, config.freeze)
    if not config.freeze or not 0 < config.freeze_epochs < config.epochs:
        return [whole]
    return [Phase(0, config.freeze_epochs, config.freeze), Phase(config.freeze_epochs, config.epochs, 0)]


def freeze(model: keras.Model, levels: int) -> None:
    """Freeze weights and batch statistics of so many levels of the backbone, and unfreeze all others.

    A frozen batch normalisation uses the statistics that it has, as in prediction. Compile the network
    afterwards.
    """
    kept = {id(layer) for layer in backbone_layers(model, levels)}
    for layer in backbone_layers(model):
        layer.trainable = id(layer) not in kept
