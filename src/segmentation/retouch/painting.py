"""What an operation does to an alpha: the one implementation, of what is seen and of what is written."""

import itertools
import math
from typing import NamedTuple

import cv2
import numpy as np

from segmentation.retouch.edges import fit_to_colours
from segmentation.retouch.operations import Area, Operation, Refinement, Spot, Stroke, Whole

HALF = 128
"""The alpha from which on a pixel is garment."""

_ROWS = 4  # in a pixel, of the edge of an area
_BAND_PX = 64  # rows of an area at a time
_SLIVER_PX = 3  # what a region leaves beside itself, and is no wider, goes with it
_REACH_PX = 4  # from a region that its edge is smoothed
_EDGE_SIGMA_PX = 0.8


class Box(NamedTuple):
    """A part of a photo, in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


class Patch(NamedTuple):
    """What the alpha of a part of a photo becomes: uint8 [height, width] of its `box`."""

    box: Box
    alpha: np.ndarray


def painted(
    operation: Operation, alpha: np.ndarray, photo: np.ndarray | None = None, *, binary: bool = False
) -> Patch | None:
    """Return what an operation makes of an alpha, uint8 [H, W], where it may change it; None for nowhere.

    `photo`, uint8 RGB [H, W, 3], is what an edge is fitted to; without it none is. With `binary` alpha stays
    0 or 255. The same operation on the same alpha always gives the same.
    """
    match operation:
        case Stroke():
            patch = _stroke(operation, alpha)
        case Refinement():
            patch = None if photo is None else _refinement(operation, alpha, photo)
        case Area():
            patch = _area(operation, alpha)
        case Spot():
            patch = _spot(operation, alpha)
        case Whole():
            patch = _region(operation, alpha)
    if binary and patch:
        return Patch(patch.box, np.where(patch.alpha >= HALF, np.uint8(255), np.uint8(0)))
    return patch


def _stroke(stroke: Stroke, alpha: np.ndarray) -> Patch | None:
    points = np.array(stroke.points, np.float64)  # [points, 2]
    if stroke.size < 2:
        points = np.floor(points) + 0.5  # a brush of one pixel paints whole ones
    radius = stroke.size / 2
    box = _box_of(points, radius + 1, alpha.shape)
    if box is None:
        return None
    coverage = _coverage(points, radius, stroke.hardness, box)
    return Patch(box, _blended(alpha[box.slices], coverage, stroke.add))


def _refinement(stroke: Refinement, alpha: np.ndarray, photo: np.ndarray) -> Patch | None:
    """Fit the edge below a stroke to the photo, less towards the sides of the stroke."""
    points, radius = np.array(stroke.points, np.float64), stroke.size / 2
    box = _box_of(points, radius + 1, alpha.shape)
    around = _box_of(points, 3 * radius + 4, alpha.shape)  # where colours are learnt from
    if box is None or around is None:
        return None
    near, part = alpha[around.slices], alpha[box.slices]
    fitted, share = fit_to_colours(photo[around.slices], near, radius)
    top, left = box.top - around.top, box.left - around.left
    inner = slice(top, top + box.height), slice(left, left + box.width)
    changed = part + (fitted[inner] - part) * share[inner] * _coverage(points, radius, 0.5, box)
    changed = np.rint(changed).astype(np.uint8)
    return None if np.array_equal(changed, part) else Patch(box, changed)


def _coverage(points: np.ndarray, radius: float, hardness: float, box: Box) -> np.ndarray:
    """Return how far a brush covers each pixel of a box: float32 [height, width] in [0, 1]."""
    distance = np.full((box.height, box.width), np.float32(radius + 1) ** 2, np.float32)  # squared
    points = _simplified(points, max(0.05, radius / 200)) - (box.left + 0.5, box.top + 0.5)
    if len(points) == 1:
        points = np.repeat(points, 2, axis=0)
    reach = radius + 1
    for start, end in itertools.pairwise(points):
        left, top = np.maximum(np.floor(np.minimum(start, end) - reach), 0).astype(int)
        right, bottom = np.minimum(
            np.ceil(np.maximum(start, end) + reach) + 1, (box.width, box.height)
        ).astype(int)
        if left >= right or top >= bottom:
            continue
        part = distance[top:bottom, left:right]
        across = np.arange(left, right, dtype=np.float32)[None, :] - np.float32(start[0])
        down = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(start[1])
        along = (end - start).astype(np.float32)
        length = float(along @ along)
        if length:
            share = np.clip((across * along[0] + down * along[1]) / np.float32(length), 0, 1)
            np.minimum(part, (across - share * along[0]) ** 2 + (down - share * along[1]) ** 2, out=part)
        else:
            np.minimum(part, across**2 + down**2, out=part)
    return _falloff(np.sqrt(distance, out=distance), radius, hardness)


def _falloff(distance: np.ndarray, radius: float, hardness: float) -> np.ndarray:
    """Return the effect of a brush at a distance from its middle: the edge is at least a pixel wide."""
    width = max(1.0, radius * (1 - hardness))
    outer = radius + 0.5 if width <= 1.0 else radius
    share = np.clip((np.float32(outer) - distance) / np.float32(width), 0, 1)
    return share if width <= 1.0 else share * share * (3 - 2 * share)


def _area(area: Area, alpha: np.ndarray) -> Patch | None:
    points = np.array(area.points, np.float64)
    box = _box_of(points, 1, alpha.shape)
    if box is None:
        return None
    return Patch(box, _blended(alpha[box.slices], _inside(points, box), area.add))


def _inside(points: np.ndarray, box: Box) -> np.ndarray:
    """Return how much of each pixel of a box a closed line goes around: float32 [height, width] in [0, 1].

    What it goes around twice is inside as well.
    """
    starts = (points - (box.left, box.top)) * (1, _ROWS)
    ends = np.roll(starts, -1, axis=0)
    coverage = np.empty((box.height, box.width), np.float32)
    for top in range(0, box.height, _BAND_PX):
        bottom = min(top + _BAND_PX, box.height)
        middles = np.arange(top * _ROWS, bottom * _ROWS) + 0.5
        near = np.minimum(starts[:, 1], ends[:, 1]) <= middles[-1]
        near &= np.maximum(starts[:, 1], ends[:, 1]) >= middles[0]
        first, last = starts[near], ends[near]
        below = (first[:, 1:] <= middles).astype(np.int8) - (last[:, 1:] <= middles)  # [edges, rows]
        edges, rows = np.nonzero(below)
        (x, y), (across, down) = first[edges].T, (last - first)[edges].T
        crossings = (x + (middles[rows] - y) * across / down).clip(0, box.width)
        columns = np.minimum(crossings.astype(int), box.width - 1)
        # a line takes part of the pixel that it crosses, and from the next one on all of them
        rest, width = crossings - columns, box.width + 1
        places, turns = rows * width + columns, below[edges, rows]
        changes = np.bincount(places, turns * (1 - rest), len(middles) * width)
        changes += np.bincount(places + 1, turns * rest, len(middles) * width)
        windings = np.cumsum(changes.reshape(len(middles), width)[:, :-1], axis=1)
        parts = np.abs(windings).clip(0, 1).reshape(bottom - top, _ROWS, box.width)
        coverage[top:bottom] = parts.mean(axis=1)
    return coverage


def _spot(spot: Spot, alpha: np.ndarray) -> Patch | None:
    """Fill the hole about a place, or remove the island there, soft edges included.

    What reaches the border of the photo is no hole, and the largest part of the mask no island.
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
    box = _clipped(left - 2, top - 2, left + width + 2, top + height + 2, alpha.shape)
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
    box = _clipped(
        region.left - margin,
        region.top - margin,
        region.left + width + margin,
        region.top + height + margin,
        alpha.shape,
    )
    if box is None:
        return None
    own = np.zeros((box.height, box.width), bool)
    rows, columns = (
        slice(max(0, start - origin), max(0, start - origin + length))
        for start, origin, length in (
            (region.top, box.top, height),
            (region.left, box.left, width),
        )
    )
    target = own[rows, columns]
    target[...] = region.pixels[: target.shape[0], : target.shape[1]]
    part = alpha[box.slices]
    garment = part >= HALF
    wanted = garment | own if whole.add else garment & ~own
    wanted ^= _slivers(wanted if not whole.add else ~wanted, own)
    near = cv2.dilate(own.astype(np.uint8), _disc(_REACH_PX)) > 0
    smooth = cv2.GaussianBlur(np.where(wanted, np.float32(255), np.float32(0)), (0, 0), _EDGE_SIGMA_PX)
    smooth = np.rint(smooth).astype(np.uint8)
    changed = np.maximum(part, smooth) if whole.add else np.minimum(part, smooth)
    return Patch(box, np.where(near, changed, part))


def _slivers(side: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Return the thin rests of a side, bool [h, w], that a region leaves beside it."""
    near = cv2.dilate(region.astype(np.uint8), _disc(_SLIVER_PX)) > 0
    thick = cv2.morphologyEx(
        np.pad(side.astype(np.uint8), _SLIVER_PX, mode="edge"), cv2.MORPH_OPEN, _disc(_SLIVER_PX // 2 + 1)
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


def _box_of(points: np.ndarray, reach: float, shape: tuple[int, ...]) -> Box | None:
    left, top = np.floor(points.min(axis=0) - reach).astype(int)
    right, bottom = np.ceil(points.max(axis=0) + reach).astype(int)
    return _clipped(left, top, right, bottom, shape)


def _clipped(left: int, top: int, right: int, bottom: int, shape: tuple[int, ...]) -> Box | None:
    left, top = max(0, int(left)), max(0, int(top))
    right, bottom = min(int(right), shape[1]), min(int(bottom), shape[0])
    return Box(left, top, right - left, bottom - top) if left < right and top < bottom else None


def _simplified(points: np.ndarray, tolerance_px: float) -> np.ndarray:
    """Return a line with fewer points that is nowhere further away than the tolerance."""
    if len(points) < 3:
        return points
    line = points.astype(np.float32).reshape(-1, 1, 2)
    return cv2.approxPolyDP(line, tolerance_px, False).reshape(-1, 2).astype(np.float64)


def _disc(radius_px: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1,) * 2)
