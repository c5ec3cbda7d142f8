"""The box that holds a mask."""

import cv2
import numpy as np


def box_around(mask: np.ndarray, margin_px: int) -> tuple[slice, slice] | None:
    """Return the rows and columns that hold a mask, bool [H, W], and a margin; None where it is empty."""
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    if not width:
        return None
    return (
        slice(max(0, top - margin_px), top + height + margin_px),
        slice(max(0, left - margin_px), left + width + margin_px),
    )
