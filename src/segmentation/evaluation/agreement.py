"""Do two engines draw the same mask?"""

from collections.abc import Iterable

import numpy as np

from segmentation.core.types import BINARY, LabelMap, ScoreFn
from segmentation.metrics import masks as metrics


def worst_agreement(
    one: ScoreFn,
    other: ScoreFn,
    photos: Iterable[np.ndarray],
    threshold: float,
    labels: LabelMap = BINARY,
) -> float:
    """The lowest Dice, over uint8 RGB photos at their own size, between the masks of two score functions.

    Of several classes it is the share of the pixels that are of the same one. 1.0 for no photos at all.
    """

    def agreement(photo: np.ndarray) -> float:
        found, other_found = (labels.classify(score(photo), threshold) for score in (one, other))
        if labels.binary:
            return metrics.dice(metrics.counts(found > 0, other_found > 0))
        return float(np.mean(found == other_found))

    return min(map(agreement, photos), default=1.0)
