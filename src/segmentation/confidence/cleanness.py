"""The probability that a mask has no fault, given its confidence."""

from dataclasses import dataclass

import numpy as np

from segmentation.confidence.outcomes import FaultOutcomes

_FLOOR = 1e-3  # of 1 - confidence, as of the errors that confidence is fitted to
_PENALTY = 0.5  # on the slope; keeps it finite where confidence parts the photos without an exception
_STEPS, _SMALL = 60, 1e-9


@dataclass(frozen=True)
class Cleanness:
    """A logistic regression of having no fault on the logarithm of 1 - confidence (Platt scaling, 1999)."""

    bias: float
    slope: float

    def __call__(self, confidence: float) -> float:
        """Return the probability, in [0, 1], that a mask with this confidence has no fault."""
        return 0.0 if confidence <= 0 else float(_logistic(self.bias + self.slope * _certainty(confidence)))


def fit_cleanness(outcomes: FaultOutcomes) -> Cleanness:
    """Fit it to the outcomes of held-out predictions.

    The slope is never negative, so that more confidence never means more faults. As Platt has it, one photo
    more of each kind is assumed, so that few photos make no certainty.
    """
    certain = _certainty(np.array(outcomes.confidence, float))
    clean = ~np.array(outcomes.faulty, bool)
    count = int(clean.sum())
    targets = np.where(clean, (count + 1) / (count + 2), 1 / (len(clean) - count + 2))
    centre = float(certain.mean()) if len(certain) else 0.0
    columns = np.stack([np.ones(len(certain)), certain - centre], axis=1)  # [N, 2]
    weights = _newton(columns, targets)
    if weights[1] < 0:
        weights = np.array([_newton(columns[:, :1], targets)[0], 0.0])
    return Cleanness(float(weights[0] - weights[1] * centre), float(weights[1]))


def _newton(columns: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the weights, float64 [C], of a logistic regression of columns [N, C] on targets [N]."""
    weights = np.zeros(columns.shape[1])
    penalty = np.diag([_SMALL, *[_PENALTY] * (columns.shape[1] - 1)])
    for _ in range(_STEPS):
        expected = _logistic(columns @ weights)
        gradient = columns.T @ (targets - expected) - penalty @ weights
        hessian = (columns.T * (expected * (1 - expected))) @ columns + penalty
        step = np.linalg.solve(hessian, gradient)
        weights += step * min(1.0, 2 / max(float(np.abs(step).max()), _SMALL))
        if np.abs(step).max() < _SMALL:
            break
    return weights


def _certainty(confidence: np.ndarray | float) -> np.ndarray:
    return -np.log10(_FLOOR + 1 - np.asarray(confidence, float))


def _logistic(values: np.ndarray | float) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(values, -30, 30)))
