"""The disagreement of a label with scores of models not trained on it: regions, a shift, the photo's edges.

Differences along an edge depend more on the model than on the label, and so they are left out. A wrong
label differs from what the model is certain of in a region wider than an edge, or lies beside its garment,
and much of its outline lies where the photo has no edge.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.core.samples import Sample
from segmentation.metrics import masks as metrics

OMITTED, ADDED = "omitted", "added"

_HEIGHT_PX = 864  # of the pictures that are compared: half a studio photo
_CERTAIN = 0.6  # from 0, at the threshold, to 1
_NARROW = 1 / 432  # half the width of what counts as edge, as a share of the photo's height
_BESIDE = 1 / 216  # how near a region its outlines lie, as a share of the same
_FARTHEST = 1 / 86  # how far a mask is moved in search of a better fit, as a share of the same
_FAINT = 0.5  # a region counts 1 / (this + its support): from twice to two thirds of its share
_LEAST_CONTRAST = 0.5  # of an outline, in levels of 255 a pixel


@dataclass(frozen=True)
class DisputedPart:
    """A place where the label differs from what the model is certain of, in pixels of the photo.

    `kind` is OMITTED where the model sees garment that the label leaves out, ADDED where the label has
    garment that the model does not see. `share` is its area, counted by the certainty, of the garment's;
    `support` the contrast of the photo along the label's outline there, of that along all of an outline:
    near 0 where the label ends within one and the same material.
    """

    kind: str
    left: int
    top: int
    width: int
    height: int
    area_px: int
    share: float
    support: float


@dataclass(frozen=True)
class Disagreement:
    """The disagreement of one pair's label with the scores; `regions` with the largest share first.

    `across_px` and `down_px` are how far the label would have to move to fit best, at most 1/86 of the
    photo's height; `gain` is the share of the garment that would gain by it. `contrast` is that of the photo
    along the model's outline over that along the label's. `height_px` is the photo's.
    """

    id: str
    view: str
    dice: float
    regions: tuple[DisputedPart, ...]
    across_px: float
    down_px: float
    gain: float
    contrast: float
    height_px: int

    @property
    def region_share(self) -> float:
        """The share of the garment that the regions make up."""
        return sum(region.share for region in self.regions)

    @property
    def shift_px(self) -> float:
        return float(np.hypot(self.across_px, self.down_px))

    @property
    def suspicion(self) -> float:
        """The percentage of the garment that is in doubt, up to twice where the photo supports the model.

        Regions by their support, and both sides of a shift by the contrast of the outlines.
        """
        regions = sum(region.share / (_FAINT + region.support) for region in self.regions)
        return 100 * (regions + 2 * self.gain * min(max(self.contrast - 0.5, 0.0), 2.0))


def measure(
    sample: Sample, image: np.ndarray, scores: np.ndarray, target: np.ndarray, threshold: float
) -> Disagreement:
    """Compare a label, bool [H, W], with scores, float32 [H, W] in [0, 1], of a uint8 RGB [H, W, 3]."""
    factor = max(1.0, len(target) / _HEIGHT_PX)
    width, height = (max(1, round(side / factor)) for side in target.shape[::-1])
    signed = _resized(_signed(scores, threshold), width, height)
    label = _resized(target.astype(np.float32), width, height) >= 0.5
    contrast = _contrast(_resized(image, width, height))
    outlines = metrics.contour(label), metrics.contour(signed >= 0)
    along_label, along_model = (_mean(contrast, outline) for outline in outlines)
    across, down, gain = _best_shift(signed, label)
    return Disagreement(
        id=sample.id,
        view=sample.view,
        dice=metrics.dice(metrics.counts(scores >= threshold, target)),
        regions=_regions(signed, label, contrast / max(along_label, along_model), outlines, factor),
        across_px=across * factor,
        down_px=down * factor,
        gain=gain,
        contrast=along_model / along_label,
        height_px=len(target),
    )


def _resized(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def _signed(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Return the certainty of scores, from 1, garment, to -1, background; the threshold is 0."""
    inside = (scores - threshold) / max(1 - threshold, 1e-6)
    outside = (scores - threshold) / max(threshold, 1e-6)
    return np.where(scores >= threshold, inside, outside).clip(-1, 1).astype(np.float32)


def _contrast(image: np.ndarray) -> np.ndarray:
    """Measure how fast the colours of uint8 RGB [H, W, 3] change, float32 [H, W]: the gradient in CIE Lab."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.0)
    gradients = (cv2.Scharr(smooth, -1, *axis, scale=1 / 32) for axis in ((1, 0), (0, 1)))
    return np.sqrt(sum((gradient**2).sum(axis=2) for gradient in gradients))


def _mean(contrast: np.ndarray, outline: np.ndarray) -> float:
    return max(_LEAST_CONTRAST, float(contrast[outline].mean())) if outline.any() else _LEAST_CONTRAST


def _regions(
    signed: np.ndarray,
    label: np.ndarray,
    support: np.ndarray,
    outlines: tuple[np.ndarray, np.ndarray],
    factor: float,
) -> tuple[DisputedPart, ...]:
    """Return the regions that certainly contradict the label and survive a morphological opening."""
    narrow, beside = (_disc(share * len(label)) for share in (_NARROW, _BESIDE))
    garment = max(1.0, (np.count_nonzero(label) + np.count_nonzero(signed >= 0)) / 2)
    of_label_alone = outlines[0] & ~outlines[1]
    found = []
    for kind, denied in ((OMITTED, ~label & (signed >= _CERTAIN)), (ADDED, label & (signed <= -_CERTAIN))):
        wide = cv2.morphologyEx(denied.astype(np.uint8), cv2.MORPH_OPEN, narrow)
        _, places, stats, _ = cv2.connectedComponentsWithStats(wide, connectivity=8)
        certainty = np.bincount(places.ravel(), np.abs(signed).ravel())
        for number, (left, top, width, height, area) in enumerate(stats[1:], start=1):
            around = len(beside)
            box = (
                slice(max(0, top - around), top + height + around),
                slice(max(0, left - around), left + width + around),
            )
            near = cv2.dilate((places[box] == number).astype(np.uint8), beside) > 0
            along = support[box][near & of_label_alone[box]]
            found.append(
                DisputedPart(
                    kind,
                    left=round(float(left * factor)),
                    top=round(float(top * factor)),
                    width=round(float(width * factor)),
                    height=round(float(height * factor)),
                    area_px=round(float(area * factor**2)),
                    share=float(certainty[number] / garment),
                    support=float(along.mean()) if along.size else 1.0,
                )
            )
    return tuple(sorted(found, key=lambda region: -region.share))


def _best_shift(signed: np.ndarray, label: np.ndarray) -> tuple[int, int, float]:
    """Return the shift, across and down, at which the label fits best, and its gain in mean certainty."""
    left, top, width, height = cv2.boundingRect(label.astype(np.uint8))
    if not width:
        return 0, 0, 0.0
    reach = max(1, round(_FARTHEST * len(label)))
    around = cv2.copyMakeBorder(signed, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=-1.0)
    around = around[top : top + height + 2 * reach, left : left + width + 2 * reach]
    moved = label[top : top + height, left : left + width].astype(np.float32)
    fit = cv2.matchTemplate(around, moved, cv2.TM_CCORR) / moved.sum()  # [2 reach + 1, 2 reach + 1]
    _, best, _, (across, down) = cv2.minMaxLoc(fit)
    return across - reach, down - reach, max(0.0, float(best - fit[reach, reach]))


def _disc(radius_px: float) -> np.ndarray:
    side = 2 * max(1, round(radius_px)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
