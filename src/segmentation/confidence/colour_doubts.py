"""Colours near the edge of a mask that are those of its other side: what may be lost, or taken in."""

import math

import cv2
import numpy as np

from segmentation.core.labels import HALF
from segmentation.images.boxes import box_around

_WORKING_HEIGHT_PX = 432  # a quarter of a studio photo's, where a fault is a few pixels still
_BAND = 8 / 432  # of the height: how far from the edge colours are compared
_AROUND = 15 / 432  # of the height, to each side: what is near
_SURELY = 1.5 / 432  # of the height: nearer to the edge a pixel has something of both sides
_NOISE = 30.0  # variance of colours in CIE L*a*b*, below which differences are noise
_FEWEST = 0.02  # of what is near: fewer pixels say nothing of their side
_MOST = 20.0


def colour_doubts(photo: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return how much more a pixel near the edge of a mask looks like the other side: float32 [H, W].

    `photo` is uint8 RGB [H, W, 3], `mask` bool [H, W]. The figure is the logarithm of a ratio of likelihoods,
    in [-20, 20], of the colours on both sides near the pixel, each taken for normally distributed in CIE
    L*a*b*. It is 0 away from the edge, and where only one side is near.
    """
    doubts = np.zeros(mask.shape, np.float32)
    reach_px = math.ceil((_BAND + _AROUND) * len(mask)) + 1
    box = box_around(mask, reach_px)
    if box is None:
        return doubts
    part, scale = mask[box], min(1.0, _WORKING_HEIGHT_PX / len(mask))
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    small = cv2.resize(np.ascontiguousarray(photo[box]), size, interpolation=cv2.INTER_AREA)
    shares = cv2.resize(part.astype(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    height_px = len(mask) * scale
    told = _ratio(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), shares >= HALF, height_px)
    doubts[box] = cv2.resize(told, part.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return doubts


def _ratio(colours: np.ndarray, mask: np.ndarray, height_px: float) -> np.ndarray:
    """Return the doubts of colours in CIE L*a*b*, float32 [h, w, 3], and a mask, bool [h, w]."""
    garment, rest = (
        cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3) for side in (mask, ~mask)
    )
    window = 2 * max(2, round(_AROUND * height_px)) + 1
    surely_px = max(1.0, _SURELY * height_px)
    squares = colours * colours
    of_garment, known = _unlikeness(colours, squares, garment > surely_px, window)
    of_rest, also_known = _unlikeness(colours, squares, rest > surely_px, window)
    near = np.maximum(garment, rest) <= max(2.0, _BAND * height_px)
    told = np.clip(of_garment - of_rest, -_MOST, _MOST) * (known & also_known & near)
    return np.where(mask, told, -told).astype(np.float32)


def _unlikeness(
    colours: np.ndarray, squares: np.ndarray, side: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return minus the logarithm of the likelihood of colours on a side, and where that is known."""
    weights = side.astype(np.float32)
    weighted = cv2.merge([*cv2.split(colours * weights[..., None]), weights])
    sums = cv2.blur(weighted, (window, window), borderType=cv2.BORDER_CONSTANT)  # [h, w, 4]
    share = np.maximum(sums[..., 3:], np.float32(1e-4))
    mean = sums[..., :3] / share
    spread = cv2.blur(squares * weights[..., None], (window, window), borderType=cv2.BORDER_CONSTANT) / share
    variance = np.maximum(spread - mean * mean, 0) + np.float32(_NOISE)
    unlike = ((colours - mean) ** 2 / variance + np.log(variance)).sum(axis=-1)
    return unlike, sums[..., 3] > _FEWEST
