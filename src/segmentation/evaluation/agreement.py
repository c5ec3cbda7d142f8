"""Do two engines draw the same mask?"""

from collections.abc import Iterable

import numpy as np

from segmentation.evaluation import metrics
from segmentation.types import ScoreFn


def worst_agreement(one: ScoreFn, other: ScoreFn, photos: Iterable[np.ndarray], threshold: float) -> float:
    """The lowest Dice, over uint8 RGB photos at their own size, between the masks of two score functions.

    1.0 for no photos at all.
    """
    return min((_agreement(one(photo), other(photo), threshold) for photo in photos), default=1.0)


def _agreement(scores: np.ndarray, others: np.ndarray, threshold: float) -> float:
    return metrics.dice(metrics.counts(scores[..., 0] >= threshold, others[..., 0] >= threshold))
