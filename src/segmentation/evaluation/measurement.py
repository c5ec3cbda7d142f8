"""The parts that evaluating a cutout and evaluating classes have in common."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from segmentation.confidence.estimator import ConfidenceEstimator
from segmentation.config.faults import FaultOptions
from segmentation.core.samples import Sample
from segmentation.evaluation.set_figures import Evaluation


@dataclass(frozen=True)
class MeasureSettings:
    """The arguments of `evaluate` that decide figures."""

    threshold: float | None
    tolerance_px: float
    target_threshold: float
    estimator: ConfidenceEstimator | None = None
    faults: FaultOptions = FaultOptions()


class Measurement(Protocol):
    """An evaluation in progress: it takes in photos one by one and returns their figures at the end."""

    def add(
        self, sample: Sample, image: np.ndarray, truth: np.ndarray, scores: np.ndarray, seconds: float
    ) -> None:
        """Compare scores, float32 [H, W, C], with the ground truth, uint8 [H, W], of a photo [H, W, 3]."""
        ...

    def finish(self) -> Evaluation:
        """Return the figures of all photos."""
        ...
