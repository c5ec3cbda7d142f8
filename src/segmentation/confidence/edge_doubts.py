"""Stretches of a mask's edge where the photo has hardly an edge, but a clear one a little beside it."""

from collections.abc import Iterator

import cv2
import numpy as np

from segmentation.core.size import REFERENCE_HEIGHT_PX

_APART = 4 / 1728  # of the height: from place to place along an outline
_REACH = 18 / 1728  # of the height: how far from the outline another edge is looked for
_LEAST_REACH_PX = 4.0
_FINEST_PX = 0.3  # a step across an outline, at least
_HERE = 2  # steps from the outline up to which an edge is the mask's own
_WIDE = 4  # steps from one side of an edge to the other
_ALONG = 9  # places whose colours are averaged, so that only what follows the outline is an edge
_TURN = 5  # places whose mean is the outline of which directions are taken
_CLEAR = 7.0  # in CIE L*a*b*: what differs by less from side to side is no edge
_TIMES = 1.5  # as clear as the mask's own has to be what is another edge
_FURTHEST = 0.7  # what an edge at the end of the reach counts, of one at the outline
_SHORTEST = 6  # places
_JUMP = 5  # steps between neighbours: more is another edge


def edge_doubts(photo: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the strips between a mask's edge and a clearer one of the photo beside it: float32 [H, W].

    `photo` is uint8 RGB [H, W, 3], `mask` bool [H, W]. The figures are logarithms of how much clearer that
    edge is, the mean of the strip, and 0 elsewhere. The band along each outline is laid out straight, so that
    an edge is what differs from one of its sides to the other on average over some length: texture does not.
    """
    doubts = np.zeros(mask.shape, np.float32)
    height, width = mask.shape
    step_px = max(_FINEST_PX, height / REFERENCE_HEIGHT_PX)
    reach = round(max(_LEAST_REACH_PX, _REACH * height) / step_px)
    for outline, out in _outlines(mask):
        step = step_px * out
        shifts, clearer = _shifts(_steepness(photo, outline, step, reach))
        framed = (outline < 2).any(axis=1) | (outline >= (width - 2, height - 2)).any(axis=1)
        shifts[framed] = 0  # the border of the photo is no edge
        other = outline + shifts[:, None] * step
        for run in _runs(shifts):
            strip = np.concatenate([outline[run], other[run][::-1]])
            cv2.fillPoly(doubts, [np.round(strip).astype(np.int32)], float(clearer[run].mean()))
    return doubts


def _outlines(mask: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield places along each outline, float32 [N, 2] of x and y, and the directions out of the mask."""
    apart_px = max(1, round(_APART * len(mask)))
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for contour in contours:
        if len(contour) >= 2 * _ALONG * apart_px:
            places = contour[::apart_px, 0].astype(np.float32)
            smooth = _mean_along(places, _TURN)
            along = np.roll(smooth, -2, axis=0) - np.roll(smooth, 2, axis=0)
            out = np.stack([-along[:, 1], along[:, 0]], axis=1)  # holes run the other way round
            out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), np.float32(1e-6))
            yield places + out / 2, out  # from the centre of the last pixel to its edge


def _steepness(photo: np.ndarray, outline: np.ndarray, step: np.ndarray, reach: int) -> np.ndarray:
    """Return how much colours differ from side to side, along and across an outline: float32 [N, distances].

    The distances are from `reach` steps inside of it to as many outside.
    """
    margin = _WIDE // 2 + 1
    offsets = np.arange(-reach - margin, reach + margin + 1, dtype=np.float32)
    x, y = (outline[:, axis, None] + offsets * step[:, axis, None] for axis in (0, 1))
    band = cv2.remap(photo, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # [N, distances, 3]
    band = cv2.blur(cv2.cvtColor(band.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), (3, 1))[:, 1:-1]
    return np.linalg.norm(_mean_along(band[:, _WIDE:] - band[:, :-_WIDE], _ALONG), axis=2)


def _shifts(steepness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many steps out a clearer edge is at each place, 0 where none is, and how much clearer."""
    reach = steepness.shape[1] // 2
    offsets = np.arange(-reach, reach + 1)
    own = steepness[:, np.abs(offsets) <= _HERE].max(axis=1)
    best = (steepness * (1 - (1 - _FURTHEST) * np.abs(offsets) / reach)).argmax(axis=1)
    other = steepness[np.arange(len(steepness)), best]
    found = (other > _CLEAR) & (other > _TIMES * own)
    return np.where(found, offsets[best], 0), np.log((1 + other) / (1 + own))


def _runs(shifts: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the places of each stretch over which another edge goes on at one side."""
    sides = np.sign(shifts)
    ends = np.flatnonzero((np.diff(sides) != 0) | (np.abs(np.diff(shifts)) > _JUMP)) + 1
    for run in np.split(np.arange(len(shifts)), ends):
        if sides[run[0]] and len(run) >= _SHORTEST:
            yield run


def _mean_along(values: np.ndarray, places: int) -> np.ndarray:
    """Return means of so many neighbours along an outline, which ends where it begins: float32 [N, ...]."""
    half = places // 2
    around = np.concatenate([values[-half:], values, values[:half]]).reshape(len(values) + 2 * half, -1)
    return cv2.blur(around, (1, places))[half:-half].reshape(values.shape)
