"""The probability that a mask has no fault, given its confidence."""

from dataclasses import dataclass

import numpy as np

from segmentation.confidence.logistic import fit_rising, logistic
from segmentation.confidence.outcomes import FaultOutcomes

_FLOOR = 1e-3  # of 1 - confidence, as of the errors that confidence is fitted to


@dataclass(frozen=True)
class Cleanness:
    """A logistic regression of having no fault on the logarithm of 1 - confidence (Platt scaling, 1999)."""

    bias: float
    slope: float

    def __call__(self, confidence: float) -> float:
        """Return the probability, in [0, 1], that a mask with this confidence has no fault."""
        return 0.0 if confidence <= 0 else float(logistic(self.bias + self.slope * _certainty(confidence)))


def fit_cleanness(outcomes: FaultOutcomes) -> Cleanness:
    """Fit it to the outcomes of held-out predictions, so that more confidence never means more faults."""
    certain = _certainty(np.array(outcomes.confidence, float))
    return Cleanness(*fit_rising(certain, ~np.array(outcomes.faulty, bool)))


def _certainty(confidence: np.ndarray | float) -> np.ndarray:
    return -np.log10(_FLOOR + 1 - np.asarray(confidence, float))
