"""Learning rates over time and early stopping, as pure functions of progress and history.

They depend on what is recorded alone, so that a resumed run goes on exactly as it would have.
"""

import math
from collections.abc import Callable, Sequence

from segmentation.config.training import TrainConfig

_PLATEAU_FACTOR, _PLATEAU_PATIENCE = 0.1, 4
_TRIANGLE_STEP, _TRIANGLE_PLATEAU = 10, 1  # epochs of half a cycle, and of the constant start
_TRIANGLE_DECLINE, _TRIANGLE_DEPTH = 1.2, 0.1  # divisor of each further cycle's height; lowest rate's share


def learning_rate(config: TrainConfig, progress: float, losses: Sequence[float]) -> float:
    """Return the rate after `progress` epochs (fractional), given the validation loss of each past epoch."""
    return config.learning_rate * _SHARES[config.schedule](progress, config.epochs, losses)


def stops(patience: int, scores: Sequence[float]) -> bool:
    """Return whether the last `patience` scores all stayed at or below the best before; never for 0."""
    return bool(patience) and len(scores) > patience and max(scores[-patience:]) <= max(scores[:-patience])


def _fixed(_progress: float, _epochs: int, _losses: Sequence[float]) -> float:
    return 1.0


def _plateau(_progress: float, _epochs: int, losses: Sequence[float]) -> float:
    share, best, waited = 1.0, math.inf, 0
    for loss in losses:
        waited = 0 if loss < best else waited + 1
        best = min(best, loss)
        if waited == _PLATEAU_PATIENCE:
            share, waited = share * _PLATEAU_FACTOR, 0
    return share


def _cosine(progress: float, epochs: int, _losses: Sequence[float]) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * min(progress / epochs, 1.0)))


def _triangular(progress: float, _epochs: int, _losses: Sequence[float]) -> float:
    """Return the capstone's cycles: a constant start at the mean rate, then triangles of declining height."""
    if progress < _TRIANGLE_PLATEAU:
        return (1.0 + _TRIANGLE_DEPTH) / 2.0
    cycle = math.floor(1.0 + progress / (2 * _TRIANGLE_STEP))
    height = max(0.0, 1.0 - abs(progress / _TRIANGLE_STEP - 2 * cycle + 1))
    return _TRIANGLE_DEPTH + (1.0 - _TRIANGLE_DEPTH) * height / _TRIANGLE_DECLINE ** (cycle - 1)


_SHARES: dict[str, Callable[[float, int, Sequence[float]], float]] = {
    "fixed": _fixed,
    "plateau": _plateau,
    "cosine": _cosine,
    "triangular": _triangular,
}
