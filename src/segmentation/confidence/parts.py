"""The parts of a mask: garments, parts detached from them, and faint parts that it may have lost."""

import cv2
import numpy as np

from segmentation.confidence.model import Features
from segmentation.images.boxes import box_around
from segmentation.images.regions import regions_of

PARTS = ("garments", "islands")
"""The parts that `parts_of` counts."""

_GARMENT = 0.2  # of the largest region: from there on a region is a garment of its own
_SEEN = 3e-5  # of the photo: what a person sees at a glance, 8 x 8 pixels of 1152 x 1728
_FAINT = 0.1  # scores from there on are not those of a backdrop
_FAINT_SEEN = 5e-5  # of the photo
_EDGE = 1 / 350  # of the height: where scores are faint beside any edge
_AWAY = 3  # times as far leads away from a mask: beside a soft edge scores are faint all along
_WORDS = {2: "two", 3: "three"}


def parts_of(mask: np.ndarray) -> dict[str, float]:
    """Count the `garments` in a mask, bool [H, W], and its `islands`: smaller parts that can be seen."""
    areas = regions_of(mask)[:, cv2.CC_STAT_AREA]
    garments = areas >= max(_GARMENT * areas.max(initial=0), 1)
    islands = ~garments & (areas >= _SEEN * mask.size)
    return {"garments": float(np.count_nonzero(garments)), "islands": float(np.count_nonzero(islands))}


def faint_parts(scores: np.ndarray, mask: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Count the `faint_parts`: away from the mask, with scores that are low, and where the second mask is.

    `scores` are float32 [H, W] in [0, 1], `mask` and `second` bool [H, W]. A strap that is torn off in the
    mask looks like this.
    """
    edge_px = max(1, round(_EDGE * len(mask)))
    faint = scores >= _FAINT
    np.greater(faint, mask, out=faint)  # and not in the mask, without another picture
    box = box_around(faint, margin_px=edge_px)
    if box is None:
        return {"faint_parts": 0.0}
    faint = faint[box] & ~_grown(mask[box], edge_px)
    least_px = _FAINT_SEEN * mask.size
    if np.count_nonzero(faint) < least_px:  # all of them together
        return {"faint_parts": 0.0}
    count, regions, stats, _ = cv2.connectedComponentsWithStats(faint.astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= least_px
    large[0] = False  # what is not faint
    if not large.any():
        return {"faint_parts": 0.0}
    confirmed = np.bincount(regions[_grown(second[box], edge_px)], minlength=count) > 0
    leading_away = np.bincount(regions[~_grown(mask[box], _AWAY * edge_px)], minlength=count) > 0
    return {"faint_parts": float(np.count_nonzero(confirmed & leading_away & large))}


def several_garments(features: Features) -> bool:
    """Return whether a mask shows two or three garments; more parts than that are no garments."""
    return int(features.get("garments", 0)) in _WORDS


def words_of(features: Features) -> tuple[str, ...]:
    """Return in words what speaks against the parts of a mask; earlier records may not have counted them."""
    garments, islands, faint = (int(features.get(name, 0)) for name in ("garments", "islands", "faint_parts"))
    found = []
    if several_garments(features):
        count = _WORDS[garments]
        found.append(f"{count} garments, or one in {count} parts")
    elif garments > 1:
        found.append(f"in {garments} large parts")
    if islands:
        found.append("a detached part" if islands == 1 else f"{islands} detached parts")
    if faint:
        found.append("a faint part may be missing" if faint == 1 else f"{faint} faint parts may be missing")
    return tuple(found)


def _grown(mask: np.ndarray, distance_px: int) -> np.ndarray:
    side = 2 * distance_px + 1
    return cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)).astype(bool)
