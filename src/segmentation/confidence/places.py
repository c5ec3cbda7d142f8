"""The probability that a doubtful region is a fault, and that a mask has none.

Numpy only, since it is part of what a bundle holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from segmentation.confidence.logistic import logistic, minus_log10

FIGURES = (
    *("size", "thickness", "outside", "differs", "unsure", "colours", "recoloured", "texture", "beside"),
    *("contact", "straight", "edge", "detached", "joins"),
)
"""The figures of a candidate, see `confidence.candidates`."""

LATER_FIGURES = ("texture", "beside")
"""Those that models of earlier versions do not know."""

MARKED = 0.2
"""The probability from which on a candidate is marked as a likely fault."""

EXPECTED_FAULTS = "expected_faults"
"""The feature that says how many faults are expected: the sum of the probabilities of all candidates."""

FAULTS_FLOOR = 0.05
"""Fewer faults than this are none, where their logarithm is taken."""


@dataclass(frozen=True)
class PlaceModel:
    """A logistic regression of being a fault on the figures of a candidate, fitted to held-out predictions.

    The log-odds of a candidate are bias + sum of weights x figures (see `confidence.candidates`); those that
    a mask has no fault are clean_bias + clean_slope x -log10(0.05 + expected faults), and the slope is not
    negative. `ranking` is the area under the ROC curve of candidates of photos that were left out, and
    `candidates` are as many as it was fitted on, `planted` of them planted. `odd_ends` is the probability
    that a mask is wrong at the end at which its garment is higher, or less high, than from its other sides,
    None where no such end was among what it was fitted on.
    """

    weights: Mapping[str, float]
    bias: float
    clean_bias: float
    clean_slope: float
    ranking: float
    candidates: int
    planted: int
    odd_ends: float | None = None

    @property
    def knows_edges(self) -> bool:
        """True where it was fitted to candidates of which the edges of the photo alone tell."""
        return "beside" in self.weights

    def probability(self, figures: Mapping[str, float]) -> float:
        """Return the probability, in [0, 1], that a candidate is a fault."""
        odds = self.bias + sum(weight * figures[name] for name, weight in self.weights.items())
        return float(logistic(odds))

    def clean(self, expected_faults: float) -> float:
        """Return the probability, in [0, 1], that a mask has no fault, given how many are expected."""
        fewness = minus_log10(expected_faults, FAULTS_FLOOR)
        return float(logistic(self.clean_bias + self.clean_slope * fewness))


def promise_score_of(expected_faults: np.ndarray | float) -> np.ndarray:
    """Return the `ConfidenceModel.promise_score` of so many expected faults: 1 where there are none."""
    return 1 / (1 + np.asarray(expected_faults, float))
