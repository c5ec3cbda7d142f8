"""The line around a garment, as every picture for people shows it."""

import cv2
import numpy as np

OUTLINE = (255, 0, 150)  # of no garment, no skin and no wall


def outlined(
    image: np.ndarray,
    mask: np.ndarray,
    colour: tuple[int, int, int] = OUTLINE,
    line_px: int | None = None,
) -> np.ndarray:
    """uint8 RGB [H, W, 3]: the image with a line along the mask's edge, thin for its size unless told.

    `mask` [H, W] is bool, or an alpha, uint8 or uint16, whose edge is where it passes one half.
    """
    if mask.dtype != bool:
        mask = mask > np.iinfo(mask.dtype).max // 2
    drawn = image.copy()
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    line_px = line_px or max(1, round(max(mask.shape) / 700))
    cv2.drawContours(drawn, contours, -1, colour, line_px, cv2.LINE_AA)
    return drawn
