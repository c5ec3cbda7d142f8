"""Transfer learning: how much of the backbone keeps what it has learned, and until when."""

from typing import NamedTuple

import keras

from segmentation.config.training import TrainConfig
from segmentation.models.parts import backbone_layers


class Phase(NamedTuple):
    """The epochs after `since` up to `until`, counted from 1, in which so many `frozen` levels are kept."""

    since: int
    until: int
    frozen: int


def phases(config: TrainConfig) -> list[Phase]:
    """The one or two phases of a training, in their order."""
    whole = Phase(0, config.epochs, config.freeze)
    if not config.freeze or not 0 < config.freeze_epochs < config.epochs:
        return [whole]
    return [Phase(0, config.freeze_epochs, config.freeze), Phase(config.freeze_epochs, config.epochs, 0)]


def freeze(model: keras.Model, levels: int) -> None:
    """Keep weights and batch statistics of so many levels of the backbone, and let all others learn.

    A frozen batch normalisation takes the statistics that it has, as when predicting. The network is to be
    compiled afterwards.
    """
    kept = {id(layer) for layer in backbone_layers(model, levels)}
    for layer in backbone_layers(model):
        layer.trainable = id(layer) not in kept
