"""The events of a training, besides those of `core.events`."""

from collections.abc import Mapping
from dataclasses import dataclass

from segmentation.models.cost import Cost


@dataclass(frozen=True)
class Plan:
    """The training that is about to begin: its cost, batch size, memory in bytes, dtype policy and photos."""

    cost: Cost
    batch_size: int
    memory_bytes: int
    policy: str
    train_photos: int
    val_photos: int


@dataclass(frozen=True)
class TrainingStarted:
    """An event: the training called `name` is about to begin, or to go on, for at most `epochs`."""

    name: str
    epochs: int
    plan: Plan


@dataclass(frozen=True)
class StepDone:
    """An event: a step of `photos` photos has ended; epochs and steps count from 1, `figures` are Keras's."""

    epoch: int
    step: int
    steps: int
    photos: int
    figures: Mapping[str, float]


@dataclass(frozen=True)
class EpochDone:
    """An event: an epoch has ended with these figures; `best` when its validation Dice is the highest yet."""

    epoch: int
    figures: Mapping[str, float]
    best: bool
