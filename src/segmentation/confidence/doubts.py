"""Doubtful regions: parts of a mask or of its surroundings that a person decides on as a whole."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.confidence.look_doubts import look_doubts
from segmentation.core.bands import bands_of
from segmentation.core.boxes import Box
from segmentation.core.predictions import LikelyFault, Prediction
from segmentation.images.boxes import box_around
from segmentation.images.regions import regions_of
from segmentation.metrics.faults import EXCESS

_STEPS = 16  # of scores in a picture of doubts
DOUBTFUL = 8
"""Added to the value of a doubtful pixel in a picture of doubts."""

_THIN = 1 / 576  # of the height: the variation along the edge of a good mask is no region
_SMALLEST = 6e-5  # of the photo, without its thin parts: 120 pixels of 1152 x 1728
_LEAST_PX = 12  # of small photos
_MOST_REGIONS = 60
_SAME = 0.4  # of two boxes


@dataclass(frozen=True, eq=False)
class Region:
    """A connected part of a photo: `left` and `top` in pixels, and the `pixels` that it has from there on.

    `pixels` are bool [h, w]. `inside` is whether the region belongs to the mask as it was predicted, `likely`
    what is known of the fault that it may be.
    """

    left: int
    top: int
    pixels: np.ndarray
    inside: bool
    likely: LikelyFault | None = None

    @property
    def box(self) -> Box:
        """The part of the photo that `pixels` are about."""
        return Box(self.left, self.top, *self.pixels.shape[::-1])

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rows and the columns of the photo that `pixels` are about."""
        return self.box.slices


def encode_doubts(prediction: Prediction) -> np.ndarray:
    """Return the scores of a cutout in 16 steps, and where they are doubtful: a grey picture, uint8 [H, W].

    A pixel is 16 x step, and 8 more where it is doubtful: as bright as its score.
    """
    scores, doubtful = prediction.scores[..., 0], prediction.doubtful
    doubts = np.empty(scores.shape, np.uint8)
    for band in bands_of(doubts.shape):
        part = doubts[band.own]
        part[:] = scores[band.own] * _STEPS
        np.minimum(part, _STEPS - 1, out=part)
        part *= _STEPS
        if doubtful is not None:
            part += doubtful[band.own].view(np.uint8) * np.uint8(DOUBTFUL)
    return doubts


def find_regions(doubts: np.ndarray, mask: np.ndarray) -> list[Region]:
    """Return the regions of a picture of doubts, uint8 [H, W], the largest first.

    They are the doubtful parts of the `mask`, bool [H, W], and those of its surroundings, but for what is
    thin as the doubts along any edge are, and what nobody would see. Parts of the mask that are detached from
    the rest of it are regions as well, certain or not.
    """
    doubtful = (doubts & DOUBTFUL) > 0
    found = [
        region
        for side, inside in ((mask, True), (~mask, False))
        for region in _thick_parts(doubtful & side, inside)
    ]
    covered = np.zeros(mask.shape, bool)
    for region in found:
        covered[region.slices] |= region.pixels
    found += [island for island in _islands(mask) if not covered[island.slices][island.pixels].mean() > 0.5]
    found.sort(key=lambda region: (-np.count_nonzero(region.pixels), region.top, region.left))
    return found[:_MOST_REGIONS]


def with_likely_faults(regions: Sequence[Region], likely: Iterable[LikelyFault]) -> list[Region]:
    """Return the same regions, each with the likely fault, if there is one, whose box is nearly its own."""
    known = list(regions)
    for fault in likely:
        alike = [_shared(region, fault) for region in known]
        best = max(range(len(known)), key=lambda place: alike[place], default=None)
        if best is not None and alike[best] >= _SAME and known[best].likely is None:
            known[best] = dataclasses.replace(known[best], likely=fault)
    return known


def region_of_end(end: LikelyFault, mask: np.ndarray, photo: np.ndarray) -> list[Region]:
    """Return the region of one end of a garment that its other sides make doubtful; none if it is empty.

    `mask` is bool [H, W], `photo` uint8 RGB [H, W, 3]. What may be left out is what has the colours of the
    garment, or everything in the box of the `end` where nothing has.
    """
    box = end.box.slices
    inside = end.kind == EXCESS
    pixels = mask[box] if inside else ~mask[box]
    if not inside:
        coloured = pixels & (look_doubts(photo, mask).colour[box] > 0)
        pixels = coloured if np.count_nonzero(coloured) >= _least_px(mask) else pixels
    if not pixels.any():
        return []
    return [dataclasses.replace(_trimmed(end.left, end.top, pixels, inside), likely=end)]


def _shared(region: Region, fault: LikelyFault) -> float:
    """Return the area that two boxes share over that of both together, in [0, 1]; 0 on different sides."""
    if region.inside is not (fault.kind == EXCESS):
        return 0.0
    shared = region.box.shared_px(fault.box)
    return shared / (region.pixels.size + fault.height * fault.width - shared)


def _thick_parts(doubtful: np.ndarray, inside: bool) -> list[Region]:
    """Return the connected parts of bool [H, W] that are somewhere thick, with what is thin about them."""
    box = box_around(doubtful, margin_px=1)
    if box is None:
        return []
    reach_px, least_px = max(1.0, _THIN * len(doubtful)), _least_px(doubtful)
    margin_px = math.ceil(reach_px) + 1
    padded = np.pad(doubtful[box].astype(np.uint8), margin_px, mode="edge")  # a photo's border is no edge
    own = slice(margin_px, -margin_px)
    core = _distance_px(padded)[own, own] > reach_px
    near = box_around(core, margin_px=4 * margin_px)  # as far as anything of a thick part reaches
    if near is None:
        return []
    top_px, left_px = (whole.start + part.start for whole, part in zip(box, near, strict=True))
    opened = _distance_px((~core[near]).astype(np.uint8)) <= reach_px
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened.astype(np.uint8), connectivity=8)
    doubtful, regions = doubtful[box][near], []
    for number in range(1, count):
        if stats[number, cv2.CC_STAT_AREA] >= least_px:
            left, top, pixels = _grown(labels, number, stats[number], doubtful, 2 * margin_px)
            regions.append(_trimmed(left_px + left, top_px + top, pixels, inside))
    return regions


def _grown(
    labels: np.ndarray, number: int, stats: np.ndarray, doubtful: np.ndarray, reach_px: int
) -> tuple[int, int, np.ndarray]:
    """Return a part, from its left and top, with the doubtful pixels that opening took from its edge."""
    left, top = (max(0, int(stats[place]) - reach_px) for place in (cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP))
    right = stats[cv2.CC_STAT_LEFT] + stats[cv2.CC_STAT_WIDTH] + reach_px
    bottom = stats[cv2.CC_STAT_TOP] + stats[cv2.CC_STAT_HEIGHT] + reach_px
    box = slice(top, bottom), slice(left, right)
    own = labels[box] == number
    near = _distance_px((~own).astype(np.uint8)) <= reach_px / 2
    return left, top, own | (near & doubtful[box] & (labels[box] == 0))


def _distance_px(inside: np.ndarray) -> np.ndarray:
    """Return how far each pixel is from those that are 0: float32 [h, w]."""
    return cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5)


def _islands(mask: np.ndarray) -> list[Region]:
    """Return the parts of a mask beside its largest one."""
    parts = regions_of(mask)
    if len(parts) < 2:
        return []
    areas = parts[:, cv2.CC_STAT_AREA]
    islands = areas >= _least_px(mask)
    islands[areas.argmax()] = False
    regions = []
    for left, top, width, height, _area in parts[islands].tolist():
        box = Box(left, top, width, height)
        _count, labels, stats, _ = cv2.connectedComponentsWithStats(
            mask[box.slices].astype(np.uint8), connectivity=8
        )
        # two parts that both reach from side to side and from top to bottom would meet
        own = (stats[1:, cv2.CC_STAT_WIDTH] == width) & (stats[1:, cv2.CC_STAT_HEIGHT] == height)
        regions.append(Region(left, top, labels == 1 + own.argmax(), True))
    return regions


def _least_px(photo: np.ndarray) -> float:
    return max(_SMALLEST * photo.size, _LEAST_PX)


def _trimmed(left: int, top: int, pixels: np.ndarray, inside: bool) -> Region:
    across, down, width, height = cv2.boundingRect(pixels.astype(np.uint8))
    return Region(
        left + across, top + down, pixels[down : down + height, across : across + width].copy(), inside
    )
