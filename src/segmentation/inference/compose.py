"""Score functions made of score functions."""

from collections.abc import Sequence

import cv2
import numpy as np

from segmentation.types import ScoreFn


def flipped(score: ScoreFn) -> ScoreFn:
    """The mean of the scores of a photo and of its mirror image, after the Carvana solution."""

    def mirrored(photo: np.ndarray) -> np.ndarray:
        return score(np.ascontiguousarray(photo[:, ::-1]))[:, ::-1]

    return averaged([score, mirrored])


def averaged(scores: Sequence[ScoreFn]) -> ScoreFn:
    """The mean of the scores of several models, which may differ in size and architecture."""

    def average(photo: np.ndarray) -> np.ndarray:
        return sum(score(photo) for score in scores) / np.float32(len(scores))

    return average


def cleaned(score: ScoreFn, threshold: float, *, islands_px: int = 0, holes_px: int = 0) -> ScoreFn:
    """Remove islands of fewer than `islands_px` pixels from the mask, fill holes of fewer than `holes_px`.

    Both are areas in the photo. The largest region and the largest surrounding stay whatever their size.
    What is removed scores 0 and what is filled 1, up to where another region is nearer, so that no soft rim
    of it stays.
    """

    def clean(photo: np.ndarray) -> np.ndarray:
        scores = score(photo)
        for limit_px, value in ((islands_px, 0.0), (holes_px, 1.0)):
            garment = scores[..., 0] >= threshold
            small = _near_small_regions(garment if value == 0.0 else ~garment, limit_px)
            scores = np.where(small[..., np.newaxis], np.float32(value), scores)
        return scores

    return clean


def _near_small_regions(mask: np.ndarray, limit_px: int) -> np.ndarray:
    """bool [H, W]: the pixels to which a region of `mask` smaller than the limit is the nearest region."""
    _, regions, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    small = areas < min(limit_px, areas[1:].max(initial=0))
    small[0] = False  # what is not in the mask
    if not small.any():
        return np.zeros(mask.shape, bool)
    _, nearest = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_CCOMP
    )
    belongs = np.zeros(nearest.max() + 1, bool)  # which of its own labels are small regions
    belongs[nearest[mask]] = small[regions[mask]]
    return belongs[nearest]
