"""The double pass: a first network finds the garment, a second one scores its surroundings again."""

import numpy as np

from segmentation.core.types import ScoreFn
from segmentation.preprocessing.second_pass import SecondPassView, with_scores


def double_pass(first: ScoreFn, second: ScoreFn, view: SecondPassView) -> ScoreFn:
    """Score again what `view` shows by the first-pass scores; everything else scores 0.

    `second` takes uint8 [h, w, 4], the photo and the first-pass scores. Where `first` finds nothing, its
    scores stay.
    """

    def score(photo: np.ndarray) -> np.ndarray:
        scores = first(photo)
        region = view.region(scores)
        if region is None:
            return scores
        part = scores[region.slices]
        kept = view.keep(part)  # [h, w, 1]
        result = np.zeros(scores.shape, scores.dtype)  # takes no memory outside the region
        result[region.slices] = second(with_scores(photo[region.slices], part) * kept) * kept
        return result

    return score
