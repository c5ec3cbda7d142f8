"""Colours and textures near the edge of a mask that are those of its other side: it may be elsewhere."""

import math
from typing import NamedTuple

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
_TEXTURE_PX = 5
_TEXTURE = 10.0  # a change by a factor of 1.7 is noise, by _NOISE
_MOST = 20.0


class LookDoubts(NamedTuple):
    """Doubts of the pixels near the edge of a mask, which look like its other side: each float32 [H, W].

    The figures are logarithms of ratios of likelihoods, in [-20, 20], of the looks on both sides near the
    pixel, each taken for normally distributed. They are 0 away from the edge and where only one side is near.
    """

    colour: np.ndarray
    """Of colours in CIE L*a*b*."""
    texture: np.ndarray
    """Of the variance of lightness in a small square, on a logarithmic scale."""


def look_doubts(photo: np.ndarray, mask: np.ndarray) -> LookDoubts:
    """Return the doubts of a photo, uint8 RGB [H, W, 3], and its mask, bool [H, W]."""
    doubts = LookDoubts(np.zeros(mask.shape, np.float32), np.zeros(mask.shape, np.float32))
    reach_px = math.ceil((_BAND + _AROUND) * len(mask)) + 1
    box = box_around(mask, reach_px)
    if box is None:
        return doubts
    part, scale = mask[box], min(1.0, _WORKING_HEIGHT_PX / len(mask))
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    small = cv2.resize(np.ascontiguousarray(photo[box]), size, interpolation=cv2.INTER_AREA)
    shares = cv2.resize(part.astype(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    found = _ratios(_look_of(small), shares >= HALF, len(mask) * scale)
    for whole, near in zip(doubts, found, strict=True):
        whole[box] = cv2.resize(near, part.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return doubts


def _look_of(photo: np.ndarray) -> np.ndarray:
    """Return colours in CIE L*a*b* and the texture: float32 [h, w, 4] of uint8 RGB [h, w, 3]."""
    colours = cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lightness, square = colours[..., 0], (_TEXTURE_PX, _TEXTURE_PX)
    detail = lightness - cv2.blur(lightness, square)
    return np.dstack([colours, _TEXTURE * np.log1p(cv2.blur(detail * detail, square))])


def _ratios(look: np.ndarray, mask: np.ndarray, height_px: float) -> LookDoubts:
    """Return the doubts of a look, float32 [h, w, 4], and a mask, bool [h, w]."""
    garment, rest = (
        cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3) for side in (mask, ~mask)
    )
    window = 2 * max(2, round(_AROUND * height_px)) + 1
    surely_px = max(1.0, _SURELY * height_px)
    squares = look * look
    of_garment, known = _unlikeness(look, squares, garment > surely_px, window)
    of_rest, also_known = _unlikeness(look, squares, rest > surely_px, window)
    near = known & also_known & (np.maximum(garment, rest) <= max(2.0, _BAND * height_px))
    sign = np.where(mask, near, -near.astype(np.float32))
    more = of_garment - of_rest
    colour, texture = (sign * np.clip(each, -_MOST, _MOST) for each in (more[..., :3].sum(-1), more[..., 3]))
    return LookDoubts(colour, texture)


def _unlikeness(
    look: np.ndarray, squares: np.ndarray, side: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return minus the logarithms of the likelihoods of a look on a side, and where they are known."""
    weights = side.astype(np.float32)
    weighted = np.dstack([look * weights[..., None], weights])
    sums = cv2.blur(weighted, (window, window), borderType=cv2.BORDER_CONSTANT)  # [h, w, 5]
    share = np.maximum(sums[..., 4:], np.float32(1e-4))
    mean = sums[..., :4] / share
    spread = cv2.blur(squares * weights[..., None], (window, window), borderType=cv2.BORDER_CONSTANT) / share
    variance = np.maximum(spread - mean * mean, 0) + np.float32(_NOISE)
    return (look - mean) ** 2 / variance + np.log(variance), sums[..., 4] > _FEWEST
