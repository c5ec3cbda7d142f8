"""The Dice to expect by the scores alone, for models without a confidence model."""

import numpy as np


def expected_dice(scores: np.ndarray, mask: np.ndarray) -> float:
    """Return the expected Dice of a mask, bool [H, W], if its scores, float32 [H, W], are probabilities.

    It is 2 sum(s m) / (sum(s) + sum(m)), in [0, 1]; 0 for an empty mask. Scores that are confident and wrong
    are not noticed, and the softness of an edge counts as doubt.
    """
    inside = float(np.sum(scores, where=mask, dtype=np.float64))
    total = float(np.sum(scores, dtype=np.float64)) + np.count_nonzero(mask)
    return 2 * inside / total if total else 0.0
