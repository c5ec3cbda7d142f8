"""Faults planted into masks: a strap is cut, a socket taken in, a hem eaten, an edge moved.

Each is a fault by `metrics.faults` in a known place, so that what finds faults can be fitted to it and
judged by it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.core.size import REFERENCE_HEIGHT_PX
from segmentation.metrics.faults import Fault, faults

_TRIES = 12
_SURE = 0.1  # of the scores: at least so far from the threshold is what was planted
_THIN = 1 / 50  # of the height: a part that is thinner is a strap
_EDGE_PX = 1.0  # standard deviation of a soft edge, of a photo 1728 high
_MOST = 0.25  # of the mask


@dataclass(frozen=True, eq=False)
class PlantedFault:
    """Scores with a planted fault, float32 [H, W], and the mask of them, bool [H, W].

    `fault` is where and how large it is, against the mask before.
    """

    scores: np.ndarray
    mask: np.ndarray
    fault: Fault


def plant_fault(
    scores: np.ndarray, threshold: float, kind: str, random: np.random.Generator, area_px: float = 200
) -> PlantedFault | None:
    """Return scores, float32 [H, W] in [0, 1], with a fault of a `kind`, one of `PLANTED`, more than before.

    The fault is one region with at least `area_px` pixels of a photo 1728 high, and at most a quarter of the
    mask. None where there is no place for it, as in a mask without a strap.
    """
    mask = scores >= threshold
    if not mask.any():
        return None
    unit_px = len(mask) / REFERENCE_HEIGHT_PX
    for _ in range(_TRIES):
        planted = PLANTED[kind](mask, random, unit_px)
        if planted is None:
            return None
        found = faults(planted, mask)
        changed = np.count_nonzero(planted != mask)
        enough = len(found) == 1 and found[0].area_px >= area_px * unit_px**2
        if enough and changed <= _MOST * np.count_nonzero(mask):
            return PlantedFault(_scores_of(planted, scores, threshold, unit_px), planted, found[0])
    return None


def _cut_strap(mask: np.ndarray, random: np.random.Generator, _unit_px: float) -> np.ndarray | None:
    """Take a piece out of a thin part."""
    side = max(3, 2 * round(_THIN * len(mask) / 2) + 1)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    thin = mask & ~cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, ellipse).astype(bool)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(thin.astype(np.uint8), connectivity=8)
    long = [
        number
        for number in range(1, count)
        if max(stats[number, cv2.CC_STAT_WIDTH], stats[number, cv2.CC_STAT_HEIGHT]) > side
    ]
    if not long:
        return None
    part = parts == random.choice(long)
    row, column = random.choice(np.argwhere(part))
    piece = _disc(mask.shape, row, column, random.uniform(0.4, 1.0) * side)
    return mask & ~(piece & part)


def _add_socket(mask: np.ndarray, random: np.random.Generator, unit_px: float) -> np.ndarray | None:
    """Take a piece of a stand or of a body in: a box, turned as it comes, whose end lies in the mask."""
    row, column, across = _place_on_edge(mask, random)
    length, width = random.uniform(15, 70) * unit_px, random.uniform(12, 45) * unit_px
    middle = column + across[0] * length / 2, row + across[1] * length / 2
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    corners = cv2.boxPoints(((float(middle[0]), float(middle[1])), (length, width), angle))
    return mask | _filled(mask.shape, corners)


def _eat_hem(mask: np.ndarray, random: np.random.Generator, unit_px: float) -> np.ndarray | None:
    """Lose a strip along the edge, as a hem before a wall of its colour: uneven, and cut off at its ends."""
    row, column, across = _place_on_edge(mask, random)
    depth, length = random.uniform(7, 25) * unit_px, random.uniform(30, 140) * unit_px
    along = np.array([-across[1], across[0]])
    steps = np.linspace(-1, 1, 9)
    depths = depth * random.uniform(0.6, 1.2, len(steps))
    edge = np.array([column, row]) + steps[:, None] * along * length / 2
    inner = edge - depths[:, None] * across
    outer = edge + 4 * depth * across
    return mask & ~_filled(mask.shape, np.concatenate([inner, outer[::-1]]))


def _shift_edge(mask: np.ndarray, random: np.random.Generator, unit_px: float) -> np.ndarray | None:
    """Move a stretch of the edge in or out, most in its middle."""
    row, column, _across = _place_on_edge(mask, random)
    reach, moved = random.uniform(40, 140) * unit_px, random.uniform(8, 22) * unit_px
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    distance = np.hypot(rows - row, columns - column)
    shift = moved * np.cos(np.clip(distance / reach, 0, 1) * np.pi / 2)
    if random.random() < 0.5:
        return mask & ~(_distance_px(mask) <= shift)
    return mask | ((_distance_px(~mask) <= shift) & (shift > 0))


Planting = Callable[[np.ndarray, np.random.Generator, float], np.ndarray | None]

PLANTED: dict[str, Planting] = {
    "cut strap": _cut_strap,
    "added socket": _add_socket,
    "eaten hem": _eat_hem,
    "shifted edge": _shift_edge,
}
"""The kinds of faults that can be planted."""


def _scores_of(planted: np.ndarray, scores: np.ndarray, threshold: float, unit_px: float) -> np.ndarray:
    """Return the scores, as sure and with an edge as soft where the mask was changed as elsewhere."""
    changed = (planted != (scores >= threshold)).astype(np.uint8)
    sigma = max(_EDGE_PX * unit_px, 0.5)
    near = cv2.dilate(changed, np.ones((5, 5), np.uint8)).astype(bool)
    soft = cv2.GaussianBlur(planted.astype(np.float32), (0, 0), sigma)
    low, high = max(threshold - _SURE, 0.0), min(threshold + _SURE, 1.0)
    told = np.where(planted, np.maximum(soft, high), np.minimum(soft, low))
    return np.where(near, told, scores).astype(np.float32)


def _place_on_edge(mask: np.ndarray, random: np.random.Generator) -> tuple[int, int, np.ndarray]:
    """Return a row and a column on the edge of a mask, and the direction out of it: x, y of length 1."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    column, row = random.choice(np.concatenate(contours).reshape(-1, 2))
    reach = max(4, len(mask) // 100)
    top, left = max(0, row - reach), max(0, column - reach)
    around = mask[top : row + reach + 1, left : column + reach + 1]
    places = np.argwhere(around) if around.any() else np.zeros((1, 2))
    inside = places.mean(axis=0) + np.array([top, left])
    out = np.array([column - inside[1], row - inside[0]])
    length = float(np.hypot(*out))
    return int(row), int(column), out / length if length > 1e-6 else np.array([0.0, 1.0])


def _disc(shape: tuple[int, ...], row: int, column: int, radius: float) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.hypot(rows - row, columns - column) <= radius


def _filled(shape: tuple[int, ...], corners: np.ndarray) -> np.ndarray:
    filled = np.zeros(shape, np.uint8)
    cv2.fillPoly(filled, [np.round(corners).astype(np.int32)], 1)
    return filled.astype(bool)


def _distance_px(inside: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
