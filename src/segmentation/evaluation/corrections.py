"""The distance between a mask that a retoucher corrected and the one that was predicted."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.core.labels import HALF
from segmentation.images.boxes import box_around
from segmentation.images.compositing import in_bits
from segmentation.metrics import masks as metrics

NEAR_PX = 2.0  # of an outline that needed no retouching: as much as two retouchers differ
SMALL_SHARE = 0.01  # of the garment: about what two retouchers differ by, whose Dice is 0.995


@dataclass(frozen=True)
class Correction:
    """The changes that a retoucher made to one mask.

    Pixels are counted where alpha passes one half: `changed_px` of the photo, `changed_share` of the
    corrected garment, `dice` of prediction and correction. Edge distances in pixels, mean and 95th
    percentile, are those of each outline to the other, infinite where only one of the masks is empty.
    `outline_px` is the length of the corrected outline, `near_px` how much of it lies within NEAR_PX of the
    predicted one. `untouched` is whether the two are `alike`.
    """

    changed_px: int
    changed_share: float
    dice: float
    edge_mean_px: float
    edge_p95_px: float
    outline_px: int
    near_px: int
    untouched: bool

    @property
    def small(self) -> bool:
        """Return whether less than SMALL_SHARE of the garment changed."""
        return self.changed_share < SMALL_SHARE


def measure_correction(predicted: np.ndarray, corrected: np.ndarray) -> Correction:
    """Measure how two alphas differ, uint8 [H, W]. Raises ValueError when their sizes differ.

    The distances are the average and, robustly, the Hausdorff distance of surfaces (Heimann et al. 2009).
    """
    masks = predicted >= HALF, corrected >= HALF
    counts = metrics.counts(*masks)
    changed, garment = counts.fp + counts.fn, counts.tp + counts.fn
    to_corrected, to_predicted = _edge_distances(*masks)
    distances = np.concatenate([to_corrected, to_predicted])
    return Correction(
        changed_px=int(changed),
        changed_share=changed / garment if garment else float(changed > 0),
        dice=metrics.dice(counts),
        edge_mean_px=float(distances.mean()) if distances.size else 0.0,
        edge_p95_px=float(np.percentile(distances, 95, method="higher")) if distances.size else 0.0,
        outline_px=to_predicted.size,
        near_px=int(np.count_nonzero(to_predicted <= NEAR_PX)),
        untouched=alike(predicted, corrected),
    )


def alike(first: np.ndarray, second: np.ndarray) -> bool:
    """Return whether two alphas [H, W] are equal within one level of 8 bits everywhere, as by rounding."""
    first, second = (in_bits(alpha, 8) for alpha in (first, second))
    return first.shape == second.shape and not (cv2.absdiff(first, second) > 1).any()


def share_near(corrections: Iterable[Correction]) -> float:
    """Return the share of all corrected outlines within NEAR_PX of the predicted ones, in [0, 1]."""
    corrections = tuple(corrections)
    length = sum(correction.outline_px for correction in corrections)
    return sum(correction.near_px for correction in corrections) / length if length else 1.0


def _edge_distances(mask: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Measure how far each pixel of an outline is from the other's, of `mask` [n] and of `target` [m]."""
    outlines = metrics.contour(mask), metrics.contour(target)
    box = box_around(outlines[0] | outlines[1], margin_px=0)
    ours, others = (one[box] for one in outlines) if box else outlines
    return _distances(ours, others), _distances(others, ours)


def _distances(points: np.ndarray, outline: np.ndarray) -> np.ndarray:
    if not outline.any():
        return np.full(np.count_nonzero(points), np.inf)
    return cv2.distanceTransform((~outline).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[points]
