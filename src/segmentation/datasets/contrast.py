"""Contrast of a garment with what is around it, channel by channel."""

import cv2
import numpy as np

from segmentation.config.scoring import CHANNELS
from segmentation.scores.channels import channel

FAINT = 10.0
"""Levels of 255 below which an outline is hard to see in a channel."""

_SEEN_PX = 432  # longest side of the picture in which contrast is measured
_REACH = 1 / 60  # of that picture's longest side, to either side of the outline
_SQUARE = np.ones((3, 3), np.uint8)


def outline_contrast(photo: np.ndarray, region: np.ndarray) -> dict[str, float] | None:
    """Return how far the two sides of an outline differ in each of `CHANNELS`, in levels of 255.

    `photo` is uint8 RGB [H, W, 3], `region` bool [H, W]. For each pixel of the outline the means of what is
    near it inside and outside are compared; the median of their distances counts. None where there is no
    outline.
    """
    scale = min(1.0, _SEEN_PX / max(region.shape))
    size = tuple(max(1, round(side * scale)) for side in reversed(region.shape))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(region.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    outline = cv2.morphologyEx((inside >= 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, _SQUARE) > 0
    if not outline.any():
        return None
    return {name: _across(channel(small, name), inside, outline) for name in CHANNELS}


def _across(picture: np.ndarray, inside: np.ndarray, outline: np.ndarray) -> float:
    """Return the median difference across an outline, bool [H, W], of a picture, uint8 [H, W]."""
    reach = 2 * round(_REACH * max(picture.shape)) + 1
    sides = []
    for weight in (inside, 1 - inside):
        mixed, share = (cv2.blur(field, (reach, reach)) for field in (picture * weight, weight))
        sides.append(mixed[outline] / np.maximum(share[outline], 1e-6))
    return float(np.median(np.abs(sides[0] - sides[1])))
