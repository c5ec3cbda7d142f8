"""The share of each pixel of a photo that strokes and areas cover."""

import itertools

import cv2
import numpy as np

from segmentation.core.boxes import Box

_ROWS = 4  # in a pixel, of the edge of an area
_BAND_PX = 64  # rows of an area at a time


def stroke_coverage(points: np.ndarray, radius: float, hardness: float, box: Box) -> np.ndarray:
    """Return how far a brush covers each pixel of a box: float32 [height, width] in [0, 1].

    It is led along `points`, float64 [points, 2]; up to the share `hardness` of its radius it covers all.
    """
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


def area_coverage(points: np.ndarray, box: Box) -> np.ndarray:
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


def box_of(points: np.ndarray, reach: float, shape: tuple[int, ...]) -> Box | None:
    """Return the part of a photo [H, W] that is so near to some points [points, 2]; None for none."""
    left, top = np.floor(points.min(axis=0) - reach).astype(int)
    right, bottom = np.ceil(points.max(axis=0) + reach).astype(int)
    return clipped(left, top, right, bottom, shape)


def clipped(left: int, top: int, right: int, bottom: int, shape: tuple[int, ...]) -> Box | None:
    """Return the part of a box that lies in a photo [H, W]; None where there is none."""
    left, top = max(0, int(left)), max(0, int(top))
    right, bottom = min(int(right), shape[1]), min(int(bottom), shape[0])
    return Box(left, top, right - left, bottom - top) if left < right and top < bottom else None


def _simplified(points: np.ndarray, tolerance_px: float) -> np.ndarray:
    """Return a line with fewer points that is nowhere further away than the tolerance."""
    if len(points) < 3:
        return points
    line = points.astype(np.float32).reshape(-1, 1, 2)
    return cv2.approxPolyDP(line, tolerance_px, False).reshape(-1, 2).astype(np.float64)
