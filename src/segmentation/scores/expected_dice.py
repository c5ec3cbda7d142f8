"""How sure scores are of a mask, where a model brings no confidence of its own."""

import numpy as np


def expected_dice(scores: np.ndarray, mask: np.ndarray) -> float:
    """The Dice to expect of a mask, bool [H, W], if scores, float32 [H, W] in [0, 1], are probabilities.

    2 sum(s m) / (sum(s) + sum(m)), in [0, 1]; 0 for an empty mask. Scores that are wrong and sure of it are
    taken at their word, and the softness of an edge counts as doubt.
    """
    inside = float(np.sum(scores, where=mask, dtype=np.float64))
    total = float(np.sum(scores, dtype=np.float64)) + np.count_nonzero(mask)
    return 2 * inside / total if total else 0.0
