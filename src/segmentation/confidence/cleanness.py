"""The probability that a mask has no fault, given its confidence."""

import math
from dataclasses import dataclass

import numpy as np

from segmentation.confidence.logistic import fit_rising, logistic, minus_log10
from segmentation.confidence.outcomes import FaultOutcomes

_FLOOR = 1e-3  # of 1 - confidence, as of the errors that confidence is fitted to


@dataclass(frozen=True)
class Cleanness:
    """A logistic regression of having no fault on the logarithm of 1 - confidence (Platt scaling, 1999)."""

    bias: float
    slope: float

    def __call__(self, confidence: float) -> float:
        """Return the probability, in [0, 1], that a mask with this confidence has no fault."""
        if confidence <= 0:
            return 0.0
        return float(logistic(self.bias + self.slope * minus_log10(1 - confidence, _FLOOR)))


def soundness(clean: float | None, confidence: float | None) -> float | None:
    """Return what masks are put in order by: the probability that one is `clean`, or else its confidence."""
    return confidence if clean is None else clean


def in_percent(clean: float) -> str:
    """Return the probability that a mask has no fault as a person reads it, rounded down: 50% is no less."""
    return f"{math.floor(round(100 * clean, 6))}%"


def likely_fault_in_words(clean: float) -> str:
    """Return why a mask that is `clean` with this probability is to be looked at."""
    return f"{'probably has' if clean < 0.5 else 'may have'} a fault: {in_percent(clean)} clean"


def fit_cleanness(outcomes: FaultOutcomes) -> Cleanness:
    """Fit it to the outcomes of held-out predictions, so that more confidence never means more faults."""
    errors = 1 - np.array(outcomes.confidence, float)
    return Cleanness(*fit_rising(minus_log10(errors, _FLOOR), ~np.array(outcomes.faulty, bool)))
