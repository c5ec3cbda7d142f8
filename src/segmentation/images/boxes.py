"""Boxes in a picture: the one that holds a mask, and what two of them share."""

import cv2
import numpy as np

Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""


def box_around(mask: np.ndarray, margin_px: int) -> tuple[slice, slice] | None:
    """Return the rows and columns that hold a mask, bool [H, W], and a margin; None where it is empty."""
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    if not width:
        return None
    return (
        slice(max(0, top - margin_px), top + height + margin_px),
        slice(max(0, left - margin_px), left + width + margin_px),
    )


def shared_px(one: Box, other: Box) -> int:
    """Return the pixels that two boxes share."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0, across) * max(0, down)
