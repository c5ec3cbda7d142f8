"""Faults of a mask: the places that a retoucher has to mend.

A difference along an edge that is one or two pixels wide is what two retouchers differ by as well; a fault is
a connected region of differences that is thick and large enough to be seen. A mask without one is clean.
"""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from segmentation.core.boxes import Box
from segmentation.core.size import REFERENCE_HEIGHT_PX
from segmentation.images.boxes import box_around

MISSED, EXCESS, CONFUSED, MIXED = "missed", "excess", "confused", "mixed"
"""Kinds: garment left out, something else taken in, a class taken for another, and a mixture of these."""

_LEAST_THICKNESS_PX = 3  # of a photo's own pixels: what is thinner is a matter of rounding
_PREDOMINANT = 0.9  # of a fault's pixels are of the kind that it is called by


@dataclass(frozen=True)
class Fault:
    """A connected region in which a mask is wrong, in pixels of the photo.

    `kind` is MISSED, EXCESS, CONFUSED or, where no more than nine tenths are of one kind, MIXED. `share` is
    the area over that of the true garment, or over that of the frame if there is no garment.
    """

    left: int
    top: int
    width: int
    height: int
    area_px: int
    kind: str
    share: float

    @property
    def box(self) -> Box:
        return Box(self.left, self.top, self.width, self.height)


def faults(
    mask: np.ndarray, target: np.ndarray, thickness_px: int = 5, area_px: float = 100
) -> tuple[Fault, ...]:
    """Return the faults of a mask, the largest first.

    Both are bool [H, W], or indices of classes with 0 for the background. A fault is a region, 8-connected,
    of what is left of the differences by a morphological opening with an ellipse as wide as `thickness_px`,
    if it has more than `area_px` pixels. Both sizes are for a height of 1728; the ellipse has at least 3
    pixels. Raises ValueError when the sizes differ.
    """
    described, _regions = faults_and_regions(mask, target, thickness_px, area_px)
    return described


def faults_and_regions(
    mask: np.ndarray, target: np.ndarray, thickness_px: int = 5, area_px: float = 100
) -> tuple[tuple[Fault, ...], np.ndarray]:
    """Return the faults of a mask as `faults` does, and where they are.

    The second is int32 [H, W]: 1, 2, ... in the pixels of the first, the second, ... fault, and 0 elsewhere.
    """
    if mask.shape != target.shape or mask.ndim != 2:
        raise ValueError(f"expected two arrays [H, W] of one size, received {mask.shape} and {target.shape}")
    scale = len(target) / REFERENCE_HEIGHT_PX
    ellipse_px = max(_LEAST_THICKNESS_PX, round(thickness_px * scale))
    box = box_around(mask != target, margin_px=ellipse_px)
    if box is None:
        return (), np.zeros(mask.shape, np.int32)
    found, true = mask[box], target[box]
    opened = _opened((found != true).astype(np.uint8), ellipse_px)
    _, regions, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    kinds = _count_kinds(found, true, regions, len(stats))
    garment_px = np.count_nonzero(target) or target.size
    areas = stats[:, cv2.CC_STAT_AREA]
    large = [number for number in range(1, len(stats)) if areas[number] > area_px * scale**2]
    described: list[tuple[Fault, int]] = []
    for number in large:
        left, top, width, height, area = stats[number].tolist()
        counted = {kind: int(pixels[number]) for kind, pixels in kinds.items()}
        most = max(counted, key=lambda kind: counted[kind])
        fault = Fault(
            left=left + box[1].start,
            top=top + box[0].start,
            width=width,
            height=height,
            area_px=area,
            kind=most if counted[most] > _PREDOMINANT * area else MIXED,
            share=area / garment_px,
        )
        described.append((fault, number))
    described.sort(key=lambda found: (-found[0].area_px, found[0].top, found[0].left))
    places = np.zeros(len(stats), np.int32)
    places[[number for _fault, number in described]] = range(1, len(described) + 1)
    whole = np.zeros(mask.shape, np.int32)
    whole[box] = places[regions]
    return tuple(fault for fault, _number in described), whole


def _count_kinds(
    mask: np.ndarray, target: np.ndarray, regions: np.ndarray, count: int
) -> dict[str, np.ndarray]:
    """Count the pixels of each kind in each region, int64 [count]."""
    inside = regions > 0
    mask, target, numbers = mask[inside], target[inside], regions[inside]
    kinds = {MISSED: mask == 0, EXCESS: target == 0, CONFUSED: (mask != 0) & (target != 0)}
    return {kind: np.bincount(numbers[there], minlength=count) for kind, there in kinds.items()}


def _opened(difference: np.ndarray, ellipse_px: int) -> np.ndarray:
    """Return what of uint8 [H, W], 0 or 1, is covered by ellipses that lie within it.

    What is cut by the frame goes on beyond it. OpenCV's ellipse of an even width is lopsided, so its mirror
    images are taken as well.
    """
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (ellipse_px, ellipse_px))
    middle, last = ellipse_px // 2, ellipse_px - 1
    opened = np.zeros_like(difference)
    for down, across in product((1, -1), repeat=2) if ellipse_px % 2 == 0 else [(1, 1)]:
        turned = np.ascontiguousarray(ellipse[::down, ::across])
        anchor = tuple(middle if step == 1 else last - middle for step in (across, down))
        fitting = cv2.erode(difference, turned, anchor=anchor)
        reflected = np.ascontiguousarray(turned[::-1, ::-1])
        opened |= cv2.dilate(fitting, reflected, anchor=(last - anchor[0], last - anchor[1]))
    return opened
