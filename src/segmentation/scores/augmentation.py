"""Test-time augmentation and cleaning: score functions made of score functions."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import cv2
import numpy as np

from segmentation.core.labels import BINARY, LabelMap
from segmentation.core.predictions import ScoreFn

SCALES = (1.0, 0.9, 1.1)


def flip_averaged(score: ScoreFn, labels: LabelMap = BINARY) -> ScoreFn:
    """Average the scores of a photo and of its mirror image, after the Carvana solution."""
    return averaged([score, mirrored(score, labels)])


def mirrored(score: ScoreFn, labels: LabelMap = BINARY) -> ScoreFn:
    """Score the mirror image and mirror the scores back; left classes become right ones."""
    classes = list(labels.mirrored_indices)
    swaps = classes != sorted(classes)

    def score_mirrored(photo: np.ndarray) -> np.ndarray:
        scores = score(photo[:, ::-1])[:, ::-1]
        return scores[..., classes] if swaps else scores

    return score_mirrored


@runtime_checkable
class SeesMirrorImage(Protocol):
    """A `ScoreFn` with a shorter way to the scores of the mirror image, where it has just seen the photo."""

    def mirrored(self, photo: np.ndarray) -> np.ndarray:
        """Score the mirror image of a cutout's photo and mirror the scores back."""


def scores_of_mirror_image(score: ScoreFn) -> ScoreFn:
    """Score the mirror image of a cutout's photo and mirror the scores back, in the shortest way."""
    return score.mirrored if isinstance(score, SeesMirrorImage) else mirrored(score)


def averaged(scores: Sequence[ScoreFn]) -> ScoreFn:
    """Average the scores of several models, which may differ in size and architecture."""
    if len(scores) == 1:
        return scores[0]

    def average(photo: np.ndarray) -> np.ndarray:
        return np.asarray(sum(score(photo) for score in scores) / np.float32(len(scores)))

    return average


def scale_averaged(score: ScoreFn, scales: Sequence[float] = SCALES) -> ScoreFn:
    """Average the scores of a photo at several scales, the first of which is at most 1.

    A network gets every photo at one size, so that a scale changes the framing: below 1 the border of the
    photo is extended, and the extension is not scored; above 1 the photo is cropped about its centre, and
    outside of the crop only the other scales count.
    """

    def average(photo: np.ndarray) -> np.ndarray:
        total = _at_scale(score, photo, scales[0])[1].copy()
        count = np.ones_like(total)
        for scale in scales[1:]:
            part, scores = _at_scale(score, photo, scale)
            total[part] += scores
            count[part] += 1
        return total / count

    return average


def cleaned(score: ScoreFn, threshold: float, *, islands_px: int = 0, holes_px: int = 0) -> ScoreFn:
    """Remove islands of fewer than `islands_px` pixels from the mask, fill holes of fewer than `holes_px`.

    Both are areas in the photo. The largest region and the largest surrounding stay whatever their size.
    Removed pixels score 0 and filled ones 1, up to where another region is nearer, so that no soft rim is
    left.
    """

    def clean(photo: np.ndarray) -> np.ndarray:
        scores = score(photo)
        for limit_px, value in ((islands_px, 0.0), (holes_px, 1.0)):
            garment = scores[..., 0] >= threshold
            small = _near_small_regions(garment if value == 0.0 else ~garment, limit_px)
            scores = np.where(small[..., np.newaxis], np.float32(value), scores)
        return scores

    return clean


def _at_scale(score: ScoreFn, photo: np.ndarray, scale: float) -> tuple[tuple[slice, slice], np.ndarray]:
    """Return the part of a photo that is seen at a scale, all of it up to 1, and the scores of that part."""
    height, width = photo.shape[:2]
    rows, columns = (max(1, round(side / scale)) for side in (height, width))
    if scale > 1:
        top, left = (height - rows) // 2, (width - columns) // 2
        part = slice(top, top + rows), slice(left, left + columns)
        return part, score(np.ascontiguousarray(photo[part]))
    top, left = (rows - height) // 2, (columns - width) // 2
    margins = top, rows - height - top, left, columns - width - left
    wider = cv2.copyMakeBorder(photo, *margins, cv2.BORDER_REPLICATE)  # [rows, columns, 3]
    return (slice(height), slice(width)), score(wider)[top : top + height, left : left + width]


def _near_small_regions(mask: np.ndarray, limit_px: int) -> np.ndarray:
    """Return the pixels whose nearest region of `mask` is smaller than the limit: bool [H, W]."""
    _, regions, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    small = areas < min(limit_px, areas[1:].max(initial=0))
    small[0] = False  # what is not in the mask
    if not small.any():
        return np.zeros(mask.shape, bool)
    _, nearest = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_CCOMP
    )
    belongs = np.zeros(nearest.max() + 1, bool)  # whether each nearest label is a small region
    belongs[nearest[mask]] = small[regions[mask]]
    return belongs[nearest]
