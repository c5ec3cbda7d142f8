"""The effect of operations on an alpha: the one implementation, for what is seen and what is written."""

import math
from typing import NamedTuple

import cv2
import numpy as np

from segmentation.confidence.doubts import Region
from segmentation.core.boxes import Box
from segmentation.core.labels import HALF
from segmentation.retouch.coverage import area_coverage, box_of, clipped, stroke_coverage
from segmentation.retouch.edges import fit_to_colours
from segmentation.retouch.operations import Area, Hint, Operation, Refinement, Spot, Stroke, Whole

_SLIVER_PX = 3  # rests that a region leaves beside itself go with it if they are no wider
_REACH_PX = 4  # from a region that its edge is smoothed
_EDGE_SIGMA_PX = 0.8


class Patch(NamedTuple):
    """The new alpha of a part of a photo: uint8 [height, width] of its `box`."""

    box: Box
    alpha: np.ndarray


def painted(
    operation: Operation, alpha: np.ndarray, photo: np.ndarray | None = None, *, binary: bool = False
) -> Patch | None:
    """Return what an operation makes of an alpha, uint8 [H, W], where it may change it; None for nowhere.

    `photo`, uint8 RGB [H, W, 3], is what an edge is fitted to; without it no edge is fitted. With `binary`
    alpha stays 0 or 255. The same operation on the same alpha always gives the same.
    """
    match operation:
        case Stroke() | Area():
            patch = _covering(operation, alpha)
        case Refinement():
            patch = None if photo is None else _refinement(operation, alpha, photo)
        case Spot():
            patch = _spot(operation, alpha)
        case Whole():
            patch = _region(operation, alpha)
        case Hint():
            patch = _hint(operation, alpha)
    if binary and patch:
        return Patch(patch.box, np.where(patch.alpha >= HALF, np.uint8(255), np.uint8(0)))
    return patch


def turned(region: Region, alpha: np.ndarray) -> Whole:
    """Return the operation that puts a region into a mask, uint8 [H, W], or takes it out if it is in it."""
    garment = alpha[region.slices][region.pixels] >= HALF
    return Whole(bool(garment.mean() < 0.5), region)


def covered_by(stroke: Stroke | Area, shape: tuple[int, ...]) -> tuple[Box, np.ndarray] | None:
    """Return the part of a photo [H, W] that a stroke or an area reaches, and how far it covers each pixel.

    The second is float32 [height, width] in [0, 1]. None for one beside the photo.
    """
    points = np.array(stroke.points, np.float64)  # [points, 2]
    if isinstance(stroke, Area):
        box = box_of(points, 1, shape)
        return None if box is None else (box, area_coverage(points, box))
    if stroke.size < 2:
        points = np.floor(points) + 0.5  # a brush of one pixel paints whole ones
    radius = stroke.size / 2
    box = box_of(points, radius + 1, shape)
    return None if box is None else (box, stroke_coverage(points, radius, stroke.hardness, box))


def disc(radius_px: int) -> np.ndarray:
    """Return the places within a radius of one, as OpenCV dilates and opens by them: uint8 [side, side]."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1,) * 2)


def _covering(stroke: Stroke | Area, alpha: np.ndarray) -> Patch | None:
    covered = covered_by(stroke, alpha.shape)
    if covered is None:
        return None
    box, coverage = covered
    return Patch(box, _blended(alpha[box.slices], coverage, stroke.add))


def _refinement(stroke: Refinement, alpha: np.ndarray, photo: np.ndarray) -> Patch | None:
    """Fit the edge below a stroke to the photo, less towards the sides of the stroke."""
    points, radius = np.array(stroke.points, np.float64), stroke.size / 2
    box = box_of(points, radius + 1, alpha.shape)
    around = box_of(points, 3 * radius + 4, alpha.shape)  # where colours are taken from
    if box is None or around is None:
        return None
    near, part = alpha[around.slices], alpha[box.slices]
    fitted, share = fit_to_colours(photo[around.slices], near, radius)
    top, left = box.top - around.top, box.left - around.left
    inner = slice(top, top + box.height), slice(left, left + box.width)
    changed = part + (fitted[inner] - part) * share[inner] * stroke_coverage(points, radius, 0.5, box)
    changed = np.rint(changed).astype(np.uint8)
    return None if np.array_equal(changed, part) else Patch(box, changed)


def _spot(spot: Spot, alpha: np.ndarray) -> Patch | None:
    """Fill the hole about a place, or remove the island there, soft edges included.

    An area that reaches the border of the photo is no hole, and the largest part of the mask no island.
    """
    (x, y), *_rest = spot.points
    column, row = math.floor(x), math.floor(y)
    if not (0 <= row < alpha.shape[0] and 0 <= column < alpha.shape[1]):
        return None
    garment = alpha >= HALF
    wanted = ~garment if spot.add else garment
    if not wanted[row, column]:
        return None
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        wanted.astype(np.uint8), connectivity=4 if spot.add else 8
    )
    number = int(labels[row, column])
    left, top, width, height, _area_px = map(int, stats[number])
    if spot.add:
        if not left or not top or left + width == alpha.shape[1] or top + height == alpha.shape[0]:
            return None
    elif number == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()):
        return None
    box = clipped(left - 2, top - 2, left + width + 2, top + height + 2, alpha.shape)
    if box is None:
        return None
    near = cv2.dilate((labels[box.slices] == number).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    others = wanted[box.slices] & (labels[box.slices] != number)
    part = alpha[box.slices].copy()
    part[near & ~others] = 255 if spot.add else 0  # the soft edge goes with it
    return Patch(box, part)


def _region(whole: Whole, alpha: np.ndarray) -> Patch | None:
    region = whole.region
    height, width = region.pixels.shape
    margin = 2 * _REACH_PX
    box = clipped(
        region.left - margin,
        region.top - margin,
        region.left + width + margin,
        region.top + height + margin,
        alpha.shape,
    )
    if box is None:
        return None
    own = np.zeros((box.height, box.width), bool)
    top, left = region.top - box.top, region.left - box.left
    target = own[top : top + height, left : left + width]  # less of it where the photo ends
    target[...] = region.pixels[: target.shape[0], : target.shape[1]]
    part = alpha[box.slices]
    garment = part >= HALF
    wanted = garment | own if whole.add else garment & ~own
    wanted ^= _slivers(wanted if not whole.add else ~wanted, own)
    near = cv2.dilate(own.astype(np.uint8), disc(_REACH_PX)) > 0
    smooth = cv2.GaussianBlur(np.where(wanted, np.float32(255), np.float32(0)), (0, 0), _EDGE_SIGMA_PX)
    smooth = np.rint(smooth).astype(np.uint8)
    changed = np.maximum(part, smooth) if whole.add else np.minimum(part, smooth)
    return Patch(box, np.where(near, changed, part))


def _hint(hint: Hint, alpha: np.ndarray) -> Patch | None:
    region = hint.region
    height, width = region.pixels.shape
    box = clipped(region.left, region.top, region.left + width, region.top + height, alpha.shape)
    if box is None or (box.height, box.width) != (height, width) or not region.pixels.any():
        return None
    part = alpha[box.slices].copy()
    part[region.pixels] = hint.alpha
    return Patch(box, part)


def _slivers(side: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Return the thin rests of a side, bool [h, w], that a region leaves beside it."""
    near = cv2.dilate(region.astype(np.uint8), disc(_SLIVER_PX)) > 0
    thick = cv2.morphologyEx(
        np.pad(side.astype(np.uint8), _SLIVER_PX, mode="edge"), cv2.MORPH_OPEN, disc(_SLIVER_PX // 2 + 1)
    )[_SLIVER_PX:-_SLIVER_PX, _SLIVER_PX:-_SLIVER_PX]
    rests = side & (thick == 0)
    count, labels = cv2.connectedComponents(rests.astype(np.uint8), connectivity=8)
    inside = np.bincount(labels[near & rests], minlength=count)
    all_of = np.bincount(labels.ravel(), minlength=count)
    gone = inside == all_of
    gone[0] = False
    return gone[labels]


def _blended(part: np.ndarray, coverage: np.ndarray, add: bool) -> np.ndarray:
    """Return alpha moved towards all or nothing, as far as it is covered."""
    value = part.astype(np.float32)
    goal = np.float32(255 if add else 0)
    return np.rint(value + (goal - value) * coverage).astype(np.uint8)
