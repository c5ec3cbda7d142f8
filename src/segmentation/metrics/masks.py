"""Measures of a mask against its ground truth: of its area (count once, one-line formulas), and of its edge.

Masks and targets are bool [H, W] of one size. Every score is in [0, 1], 1 is perfect, and two empty
masks agree perfectly.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import cv2
import numpy as np

from segmentation.images.boxes import box_around

THRESHOLDS = (np.arange(256) / 255).astype(np.float32)
"""The thresholds of a search: float32 [256], from 0 to 1 in steps of 1/255."""


Number = TypeVar("Number", float, np.ndarray)


@dataclass(frozen=True)
class Counts(Generic[Number]):
    """The pixels by outcome: four integers for one mask, or four int64 [256] for masks at all thresholds."""

    tp: Number
    fp: Number
    fn: Number
    tn: Number


def counts(mask: np.ndarray, target: np.ndarray) -> Counts[float]:
    """Count the pixels of one mask by outcome. Raises ValueError when the sizes differ."""
    _check_same_size(mask, target)
    tp = int(np.count_nonzero(mask & target))
    fp = int(np.count_nonzero(mask)) - tp
    fn = int(np.count_nonzero(target)) - tp
    return Counts(tp, fp, fn, mask.size - tp - fp - fn)


def counts_by_threshold(scores: np.ndarray, target: np.ndarray) -> Counts[np.ndarray]:
    """Count the pixels of the masks `scores >= threshold` at all 256 THRESHOLDS in one pass.

    `scores` is float32 [H, W] in [0, 1], `target` bool [H, W]; each field of the result is int64 [256].
    Raises ValueError when the sizes differ.
    """
    return counts_by_level(levels(scores), target)


def counts_by_level(level: np.ndarray, target: np.ndarray) -> Counts[np.ndarray]:
    """Count as `counts_by_threshold` does, from the `levels` of the scores, uint8 [H, W]."""
    _check_same_size(level, target)
    everything = np.bincount(level.ravel(), minlength=256)  # pixels of each level: [256]
    garment = np.bincount(level[target], minlength=256)
    tp = _at_least(garment)
    fp = _at_least(everything - garment)
    return Counts(tp, fp, fn=tp[0] - tp, tn=fp[0] - fp)


def levels(scores: np.ndarray) -> np.ndarray:
    """Return the highest of the 256 THRESHOLDS that each score reaches: float32 in [0, 1] -> uint8.

    `levels(scores) >= k` is exactly `scores >= THRESHOLDS[k]`: in float32 the product reaches the
    integer k at THRESHOLDS[k] and at no smaller number, for each of the 256.
    """
    return (scores * np.float32(255)).astype(np.uint8)


def dice(counts: Counts[Number]) -> Number:
    """Return the Dice coefficient, 2 |A and B| / (|A| + |B|): the F1 score of the pixels (Dice 1945)."""
    return ratio(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn)


def iou(counts: Counts[Number]) -> Number:
    """Return the intersection over union, |A and B| / |A or B| (Jaccard 1901)."""
    return ratio(counts.tp, counts.tp + counts.fp + counts.fn)


def accuracy(counts: Counts[Number]) -> Number:
    """Return the fraction of all pixels that are right; it is high for any small garment."""
    return ratio(counts.tp + counts.tn, counts.tp + counts.fp + counts.fn + counts.tn)


def ratio(part: Number, whole: Number) -> Number:
    """Return `part / whole`, of numbers or of arrays; 1 where there is nothing of the whole."""
    if isinstance(whole, np.ndarray):
        return np.where(whole == 0, 1.0, part / np.maximum(whole, 1))
    return float(part / whole) if whole else 1.0


def boundary_f1(mask: np.ndarray, target: np.ndarray, tolerance_px: float = 2.0) -> float:
    """Return the F1 score of the contours, matched within `tolerance_px` (Euclidean).

    It is the harmonic mean of the parts of each contour (see `contour`) that lie so near the other. One empty
    mask gives 0. After Martin et al. 2004 (contour precision and recall), Csurka et al. 2013 (for
    segmentation) and the DAVIS benchmark (its measure F).
    """
    mask, target = _cut_to_content(mask, target)
    mask_contour, target_contour = contour(mask), contour(target)
    if not (mask_contour.any() and target_contour.any()):
        return float(mask_contour.any() == target_contour.any())
    precision = _share_near(mask_contour, target_contour, tolerance_px)
    recall = _share_near(target_contour, mask_contour, tolerance_px)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def boundary_iou(mask: np.ndarray, target: np.ndarray, width_px: float = 2.0) -> float:
    """Return the intersection over union of the masks' inner bands of `width_px` (Cheng et al. 2021).

    The band is that of `inner_band`, with Euclidean instead of chessboard distance; it is empty, and so
    perfect, for a width below 1.
    """
    mask, target = _cut_to_content(mask, target)
    return float(iou(counts(inner_band(mask, width_px), inner_band(target, width_px))))


def contour(mask: np.ndarray) -> np.ndarray:
    """Return the pixels of `mask` with a direct neighbour outside it: an 8-connected line, bool [H, W]."""
    return inner_band(mask, 1)


def inner_band(mask: np.ndarray, width_px: float) -> np.ndarray:
    """Return the pixels of `mask` at most `width_px` (Euclidean) from a pixel outside it: bool [H, W].

    Everything beyond the photo is outside, so a garment that is cut by the frame has a contour there.
    """
    inside = cv2.erode(mask.astype(np.uint8), _disc(width_px), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return mask & (inside == 0)


def _share_near(points: np.ndarray, others: np.ndarray, distance_px: float) -> float:
    reached = cv2.dilate(
        others.astype(np.uint8), _disc(distance_px), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    return np.count_nonzero(points & (reached > 0)) / np.count_nonzero(points)


def _disc(radius_px: float) -> np.ndarray:
    offsets = np.arange(-int(radius_px), int(radius_px) + 1)
    return (offsets[:, None] ** 2 + offsets**2 <= radius_px**2).astype(np.uint8)


def _cut_to_content(mask: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut both masks to the box that holds them: everything outside is background, so no measure changes."""
    _check_same_size(mask, target)
    box = box_around(mask | target, margin_px=0)
    return (mask[box], target[box]) if box else (mask, target)


def _check_same_size(mask: np.ndarray, target: np.ndarray) -> None:
    if mask.shape != target.shape or mask.ndim != 2:
        raise ValueError(f"expected two arrays [H, W] of one size, received {mask.shape} and {target.shape}")


def _at_least(histogram: np.ndarray) -> np.ndarray:
    return histogram[::-1].cumsum()[::-1]
