"""The double pass: a first network finds the garment, a second one scores its surroundings again."""

import numpy as np

from segmentation.core.boxes import Box
from segmentation.core.predictions import ScoreFn
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
        result = np.zeros(scores.shape, scores.dtype)  # takes no memory outside the region
        result[region.slices] = score_region(second, view, photo, scores, region)
        return result

    return score


def score_region(
    second: ScoreFn, view: SecondPassView, photo: np.ndarray, scores: np.ndarray, region: Box
) -> np.ndarray:
    """Return the second scores, float32 [h, w, 1], of a region of a photo with its first-pass scores.

    The photo may have a channel of strokes behind its colours.
    """
    seen, kept = seen_in(view, photo, scores, region)
    return second(seen) if kept is None else second(seen) * kept


def seen_in(
    view: SecondPassView, photo: np.ndarray, scores: np.ndarray, region: Box
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return what the second network sees of a region, uint8 [h, w, C], and what of it is not blanked.

    That is bool [h, w, 1], None where nothing may be blanked.
    """
    part = scores[region.slices]
    seen = with_scores(photo[region.slices], part)
    if not view.blanks:
        return seen, None
    kept = view.keep(part)
    return seen * kept, kept
