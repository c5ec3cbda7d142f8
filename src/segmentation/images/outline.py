"""The outline of a garment, as all pictures for people show it."""

import cv2
import numpy as np

OUTLINE = (255, 0, 150)  # a colour of hardly any garment, skin or wall


def outlined(
    image: np.ndarray,
    mask: np.ndarray,
    colour: tuple[int, int, int] = OUTLINE,
    line_px: int | None = None,
) -> np.ndarray:
    """Draw a line along the edge of the mask: uint8 RGB [H, W, 3].

    `mask` [H, W] is bool, or an alpha, uint8 or uint16, whose edge is where it passes one half. By default
    the line is one pixel for every 700 of the longer side.
    """
    if mask.dtype != bool:
        mask = mask > np.iinfo(mask.dtype).max // 2
    drawn = image.copy()
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    line_px = line_px or max(1, round(max(mask.shape) / 700))
    cv2.drawContours(drawn, contours, -1, colour, line_px, cv2.LINE_AA)
    return drawn
