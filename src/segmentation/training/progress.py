"""The events of a training, besides those of `core.events`."""

from collections.abc import Mapping
from dataclasses import dataclass

from segmentation.models.cost import Cost


@dataclass(frozen=True)
class Plan:
    """The training that is about to begin: its cost, batch size, memory in bytes, dtype policy and photos.

    `train_photos` are those of an epoch, in which a photo may be shown several times.
    """

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

    def __str__(self) -> str:
        """Return the figures in a line."""
        held_out = f"held out: {figures_in_words(self.figures, 'val_')}"
        return f"{figures_in_words(self.figures)}  {held_out}{'  best' if self.best else ''}"


def figures_in_words(figures: Mapping[str, float], prefix: str = "") -> str:
    """Return loss and Dice, where there is one, of figures whose names begin with a prefix."""
    loss, dice = figures[f"{prefix}loss"], figures.get(f"{prefix}dice")
    return f"loss {loss:.4f}" if dice is None else f"loss {loss:.4f}  Dice {dice:.4f}"
