"""How a training tells whoever watches it."""

from dataclasses import dataclass
from typing import Protocol

from segmentation.models.cost import Cost


@dataclass(frozen=True)
class Plan:
    """What is about to be trained, and what it takes."""

    cost: Cost
    batch_size: int
    memory_bytes: int
    policy: str
    train_photos: int
    val_photos: int


class Progress(Protocol):
    """What shows a run to its user."""

    def plan(self, plan: Plan) -> None:
        """The training is about to begin."""

    def step(self, epoch: int, step: int, steps: int, photos: int, logs: dict[str, float]) -> None:
        """A training step of `photos` photos has ended; epochs and steps count from 1."""

    def epoch(self, epoch: int, logs: dict[str, float], best: bool) -> None:
        """An epoch has ended with these figures; `best` when its validation Dice is the highest so far."""

    def score(self, done: int, total: int) -> None:
        """A held-out photo has been scored at full resolution."""

    def note(self, text: str) -> None:
        """Something that the user should know, and that did not stop the run."""
