"""How far the masks of two engines agree."""

from collections.abc import Iterable

import numpy as np

from segmentation.core.types import BINARY, LabelMap, ScoreFn
from segmentation.evaluation.task import task_of


def worst_agreement(
    first: ScoreFn,
    second: ScoreFn,
    photos: Iterable[np.ndarray],
    threshold: float,
    labels: LabelMap = BINARY,
) -> float:
    """Return the lowest Dice between the masks of two score functions, over uint8 RGB photos [H, W, 3].

    Of several classes it is the share of the pixels on which both agree. In [0, 1]; 1 without photos.
    """

    def agreement(photo: np.ndarray) -> float:
        return task.agreement(*(labels.classify(score(photo), threshold) for score in (first, second)))

    task = task_of(labels)
    return min(map(agreement, photos), default=1.0)
