"""Logistic regression in a few lines of numpy: predicting needs no other package."""

import numpy as np

_PENALTY = 0.5  # on slopes; keeps them finite where the columns part the outcomes without an exception
_STEPS, _SMALL = 60, 1e-9


def logistic(values: np.ndarray | float) -> np.ndarray:
    """Return the probabilities, in (0, 1), of log-odds."""
    return 1 / (1 + np.exp(-np.clip(values, -30, 30)))


def minus_log10(values: np.ndarray | float, floor: float) -> np.ndarray:
    """Return -log10 of values, which are at least 0, above a floor: the smaller, the larger."""
    return -np.log10(floor + np.asarray(values, float))


def fit_rising(values: np.ndarray, outcomes: np.ndarray) -> tuple[float, float]:
    """Return the bias and the slope of the log-odds that fit outcomes, bool [N], to values, float64 [N].

    The slope is never negative. As Platt (1999) has it, one outcome more of each kind is assumed, so that few
    of them make no certainty.
    """
    count = int(outcomes.sum())
    targets = np.where(outcomes, (count + 1) / (count + 2), 1 / (len(outcomes) - count + 2))
    centre = float(values.mean()) if len(values) else 0.0
    columns = np.stack([np.ones(len(values)), values - centre], axis=1)  # [N, 2]
    weights = _newton(columns, targets)
    if weights[1] < 0:
        weights = np.array([_newton(columns[:, :1], targets)[0], 0.0])
    return float(weights[0] - weights[1] * centre), float(weights[1])


def shift_to(odds: np.ndarray, share: float) -> float:
    """Return what has to be added to log-odds, float64 [N], for their probabilities to have this mean."""
    low, high = -30.0, 30.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if logistic(odds + middle).mean() < share else (low, middle)
    return (low + high) / 2


def _newton(columns: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the weights, float64 [C], of a logistic regression of columns [N, C] on targets [N]."""
    weights = np.zeros(columns.shape[1])
    penalty = np.diag([_SMALL, *[_PENALTY] * (columns.shape[1] - 1)])
    for _ in range(_STEPS):
        expected = logistic(columns @ weights)
        gradient = columns.T @ (targets - expected) - penalty @ weights
        hessian = (columns.T * (expected * (1 - expected))) @ columns + penalty
        step = np.linalg.solve(hessian, gradient)
        weights += step * min(1.0, 2 / max(float(np.abs(step).max()), _SMALL))
        if np.abs(step).max() < _SMALL:
            break
    return weights
