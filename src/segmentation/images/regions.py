"""The connected regions of a mask, in no more time than it takes, and its edge."""

import cv2
import numpy as np

from segmentation.images.boxes import box_around


def regions_of(mask: np.ndarray) -> np.ndarray:
    """Return the regions of a mask, bool [H, W], that hang together, over corners as well: int32 [N, 5].

    They are OpenCV's statistics: left, top, width, height, area (`cv2.CC_STAT_...`). A single region, as most
    masks are, is found by its outline, in a tenth of the time that labels take.
    """
    box = box_around(mask, margin_px=1)
    if box is None:
        return np.empty((0, cv2.CC_STAT_MAX), np.int32)
    part = np.ascontiguousarray(mask[box]).view(np.uint8)
    _, levels = cv2.findContours(part, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if np.count_nonzero(levels[0, :, 3] < 0) == 1:  # outlines that are not those of holes
        stats = np.array([[*cv2.boundingRect(part), np.count_nonzero(part)]])
    else:
        stats = cv2.connectedComponentsWithStats(part, connectivity=8)[2][1:]  # without what is not in it
    regions = stats.astype(np.int32)
    regions[:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP]] += box[1].start, box[0].start
    return regions


def edge_of(mask: np.ndarray) -> np.ndarray:
    """Return the pixels on both sides of a mask's edge: bool [H, W]."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    pixels = mask.astype(np.uint8)
    # by default OpenCV's border counts as neither, so that no edge is found along it
    return cv2.dilate(pixels, cross) != cv2.erode(pixels, cross)
