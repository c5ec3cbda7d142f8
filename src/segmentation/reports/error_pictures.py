"""Pictures of where a mask is wrong: the region that matters, and missed and excess pixels in it."""

import cv2
import numpy as np

from segmentation.images.outline import OUTLINE
from segmentation.reports import html

MISSED = (0, 114, 178)  # blue and vermilion of Okabe and Ito: apart for every kind of sight
EXCESS = (213, 94, 0)
_THUMBNAIL_PX = 260
_MARGIN = 0.06  # around the region, as a share of the garment's longer side
_GROWTH = 0.3  # the most that the region grows towards excess, as a share of the same


def region_of(target: np.ndarray, mask: np.ndarray) -> tuple[slice, slice]:
    """Return the box of the garment, grown towards excess but not to a far speck; else the whole frame."""
    height, width = target.shape
    left, top, right, bottom = _box(target if target.any() else mask)
    growth = _GROWTH * max(right - left, bottom - top)
    margin = max(8, round(_MARGIN * max(right - left, bottom - top)))
    mask_left, mask_top, mask_right, mask_bottom = _box(mask if mask.any() else target)
    left = min(left, max(mask_left, round(left - growth))) - margin
    top = min(top, max(mask_top, round(top - growth))) - margin
    right = max(right, min(mask_right, round(right + growth))) + margin
    bottom = max(bottom, min(mask_bottom, round(bottom + growth))) + margin
    return slice(max(top, 0), min(bottom, height)), slice(max(left, 0), min(right, width))


def framed(image: np.ndarray, box: tuple[slice, slice]) -> str:
    """Return the whole frame, uint8 RGB [H, W, 3], small, with the region marked, as a data URI."""
    small, scale = html.shrink(image, _THUMBNAIL_PX)
    top, bottom, left, right = (round(edge * scale) for side in box for edge in (side.start, side.stop))
    marked = small.copy()
    cv2.rectangle(marked, (left, top), (right - 1, bottom - 1), OUTLINE, 1)
    return html.encode(marked, _THUMBNAIL_PX)


def differences(image: np.ndarray, target: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Draw the photo, uint8 RGB [H, W, 3], pale and grey, with missed and excess pixels in two colours."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    overlay = cv2.cvtColor(cv2.addWeighted(grey, 0.4, np.full_like(grey, 255), 0.6, 0), cv2.COLOR_GRAY2RGB)
    overlay[target & ~mask] = MISSED
    overlay[mask & ~target] = EXCESS
    return overlay


def _box(content: np.ndarray) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the True pixels; of the whole frame if there are none."""
    left, top, across, down = cv2.boundingRect(content.astype(np.uint8))
    return (left, top, left + across, top + down) if across else (0, 0, *content.shape[::-1])
