"""Do two engines draw the same mask?"""

from collections.abc import Iterable

import numpy as np

from segmentation.core.types import BINARY, LabelMap, ScoreFn
from segmentation.evaluation.task import task_of


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
        return task.agreement(*(labels.classify(score(photo), threshold) for score in (one, other)))

    task = task_of(labels)
    return min(map(agreement, photos), default=1.0)
