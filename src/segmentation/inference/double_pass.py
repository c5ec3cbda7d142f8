"""The double pass: a first network finds the garment, a second one looks again at it and what lies around it.

From the capstone, whose second network saw the photo with everything blanked outside of the first mask,
dilated (`blanked`). In `cropped` it sees that region larger instead, which sharpens the edge. Both see the
scores of the first pass as a fourth channel, so that what the whole photo told is not forgotten.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from config import Size
from segmentation.types import ScoreFn

_MARGIN_HEIGHT_PX = 1728  # of the photos that margins are given for; others have theirs in proportion
_SPECK = 0.02  # of the largest region's area: smaller ones do not widen what the second pass looks at


@dataclass(frozen=True)
class Region:
    """A rectangle of a photo in pixels; `bottom` and `right` are the first row and column outside of it."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)


def cropped(first: ScoreFn, second: ScoreFn, *, threshold: float, margin_px: float, shape: Size) -> ScoreFn:
    """Score the region of the first mask again; what lies outside of it scores 0.

    `second` takes uint8 [h, w, 4] (`with_scores`). `margin_px` belongs to photos 1728 pixels high, `shape` is
    the second network's input, whose proportions the region gets. Where `first` finds nothing its scores
    stay.
    """

    def score(photo: np.ndarray) -> np.ndarray:
        scores = first(photo)
        region = region_of(scores[..., 0] >= threshold, margin_px, shape)
        if region is None:
            return scores
        result = np.zeros_like(scores)
        result[region.slices] = second(with_scores(photo[region.slices], scores[region.slices]))
        return result

    return score


def blanked(first: ScoreFn, second: ScoreFn, *, threshold: float, margin_px: float) -> ScoreFn:
    """Score the whole photo again, blanked outside of the dilated first mask; blanked pixels score 0.

    `second` takes uint8 [H, W, 4] (`with_scores`). Where `first` finds nothing its scores stay.
    """

    def score(photo: np.ndarray) -> np.ndarray:
        scores = first(photo)
        mask = scores[..., 0] >= threshold
        if not mask.any():
            return scores
        seen = dilated(mask, margin_px)[..., np.newaxis]  # [H, W, 1]
        return second(with_scores(photo, scores) * seen) * seen

    return score


def with_scores(photo: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """What the second network sees: uint8 RGB [H, W, 3], float32 [H, W, 1] in [0, 1] -> uint8 [H, W, 4]."""
    return np.dstack([photo, np.round(scores * 255.0).astype(np.uint8)])


def region_of(mask: np.ndarray, margin_px: float, shape: Size) -> Region | None:
    """The rectangle around a bool mask [H, W] and a margin, in the proportions of `shape` where they fit.

    None for an empty mask. Specks beside a large region are left out.
    """
    height, width = mask.shape
    found = _bounds(mask)
    if found is None:
        return None
    margin = margin_px * height / _MARGIN_HEIGHT_PX
    top, bottom, left, right = found + np.array([-margin, margin, -margin, margin])
    tall, wide = bottom - top, right - left
    rows = max(tall, wide * shape.height / shape.width)
    columns = max(wide, tall * shape.width / shape.height)
    top, bottom = _span((top + bottom) / 2, rows, height)
    left, right = _span((left + right) / 2, columns, width)
    return Region(top, left, bottom, right)


def dilated(mask: np.ndarray, margin_px: float) -> np.ndarray:
    """bool [H, W] grown by `margin_px`, which belongs to a photo 1728 pixels high, in every direction."""
    if not mask.any():
        return mask
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distance <= margin_px * len(mask) / _MARGIN_HEIGHT_PX


def _bounds(mask: np.ndarray) -> np.ndarray | None:
    """Top, bottom, left and right of the regions that are no specks; None when there are none."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return None
    regions = stats[1:]  # the first is what is not in the mask
    areas = regions[:, cv2.CC_STAT_AREA]
    left, top, width, height = regions[areas >= _SPECK * areas.max()].T[: cv2.CC_STAT_AREA]
    return np.array([top.min(), (top + height).max(), left.min(), (left + width).max()], float)


def _span(centre: float, length: float, limit: int) -> tuple[int, int]:
    """Whole pixels of `length` about `centre`, moved into 0 to `limit` or cut where it is longer."""
    length = min(round(length), limit)
    start = min(max(round(centre - length / 2), 0), limit - length)
    return start, start + length
