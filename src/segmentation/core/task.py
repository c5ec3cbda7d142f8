"""The differences between cutting one thing out and marking classes, wherever pixels are decided or named.

Training, evaluation and reports have a pair of their own for what only they do.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Task(Protocol):
    """The conversion of scores and ground truth into class indices, and the words for all of it.

    `truth` is the word for a ground truth, `group` that for photos that belong together. The first of several
    classes is the background; the indices of a cutout are 0, outside, and 1.
    """

    truth: str
    group: str

    @property
    def index_names(self) -> tuple[str, ...]:
        """Return the name of each index."""
        ...

    @property
    def area_words(self) -> str:
        """Return the words for everything but the background."""
        ...

    @property
    def classes_in_words(self) -> str:
        """The classes, in words."""
        ...

    def decide(self, scores: np.ndarray, threshold: float) -> np.ndarray:
        """Return the index of each pixel: float32 [H, W, C] in [0, 1] -> uint8 [H, W]."""
        ...

    def rule(self, threshold: float) -> dict[str, str]:
        """Return in words, by name, what decides."""
        ...

    def truth_indices(self, truth: np.ndarray, threshold: float = 0.5) -> np.ndarray:
        """Return the index of each pixel of a ground truth, uint8 [H, W], see `GroundTruth`."""
        ...


@dataclass(frozen=True)
class CutoutTask:
    """The task of cutting out one thing, called `name`: there is one score, and a threshold decides."""

    name: str
    truth = "cutout"
    group = "garment"
    area_words = "garment area"

    @property
    def index_names(self) -> tuple[str, ...]:
        """Return the name of each index."""
        return ("background", self.name)

    @property
    def classes_in_words(self) -> str:
        """The one class, in words."""
        return f"the class {self.name}"

    def decide(self, scores: np.ndarray, threshold: float) -> np.ndarray:
        """Return 1 where the score reaches the threshold."""
        return (scores[..., 0] >= threshold).view(np.uint8)

    def rule(self, threshold: float) -> dict[str, str]:
        """Return the threshold."""
        return {"threshold": f"{threshold:g}"}

    def truth_indices(self, truth: np.ndarray, threshold: float = 0.5) -> np.ndarray:
        """Return 1 where alpha, uint8 [H, W], is at least `threshold`, in [0, 1]."""
        return (truth >= threshold * 255).astype(np.uint8)


@dataclass(frozen=True)
class ClassTask:
    """The task of marking classes: each pixel gets the one with the highest score, whatever the threshold."""

    names: tuple[str, ...]
    truth = "label map"
    group = "group"

    @property
    def index_names(self) -> tuple[str, ...]:
        """Return the name of each index."""
        return self.names

    @property
    def area_words(self) -> str:
        """Return the words for everything but the background."""
        return f"not {self.names[0]}"

    @property
    def classes_in_words(self) -> str:
        """Return the number of classes, in words."""
        return f"the {len(self.names)} classes"

    def decide(self, scores: np.ndarray, _threshold: float) -> np.ndarray:
        """Return the class with the highest score, the first of equals."""
        return scores.argmax(axis=-1).astype(np.uint8)

    def rule(self, _threshold: float) -> dict[str, str]:
        """Return that the highest score decides."""
        return {"class": "of the highest score of a pixel"}

    def truth_indices(self, truth: np.ndarray, _threshold: float = 0.5) -> np.ndarray:
        """Return the label map as it is."""
        return truth
