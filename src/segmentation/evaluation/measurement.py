"""What evaluating a cutout and evaluating classes differ in."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from segmentation.confidence.estimator import ConfidenceEstimator
from segmentation.core.types import Sample
from segmentation.evaluation.set_figures import Evaluation


@dataclass(frozen=True)
class MeasureSettings:
    """The arguments of `evaluate` that decide figures."""

    threshold: float | None
    tolerance_px: float
    target_threshold: float
    estimator: ConfidenceEstimator | None = None


class Measurement(Protocol):
    """Takes photos in one by one and gives their figures at the end."""

    def add(
        self, sample: Sample, image: np.ndarray, truth: np.ndarray, scores: np.ndarray, seconds: float
    ) -> None:
        """Hold scores, float32 [H, W, C], against the ground truth, uint8 [H, W], of a photo [H, W, 3]."""
        ...

    def finish(self) -> Evaluation:
        """Return the figures of all photos."""
        ...


class Task(Protocol):
    """How well scores of some classes are told."""

    def measure(self, settings: MeasureSettings) -> Measurement:
        """Return a measurement that has yet to see its first photo."""
        ...

    def agreement(self, one: np.ndarray, other: np.ndarray) -> float:
        """Return how much of two maps of indices, uint8 [H, W], is the same, in [0, 1]."""
        ...
