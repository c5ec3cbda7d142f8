"""Trimaps: where a photo is certainly garment, certainly surroundings, and where its alpha is unknown.

A trimap is uint8 [H, W] with the values `GARMENT`, `SURROUNDINGS` and `UNKNOWN`. Widths are in heights of the
photo, so that a band is as wide on a large photo as on a small one; no band is narrower than a pixel.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np

from segmentation.core.imports import require
from segmentation.images.boxes import box_around

SURROUNDINGS, UNKNOWN, GARMENT = 0, 128, 255
"""The values of a trimap."""

BAND = 1 / 800
"""The reach of the unknown band to each side of an edge, in heights of the photo: 2 px of 1728.

For networks that see a third of the pixels or more; coarser edges need a wider band.
"""

WIDE_BAND = 1 / 200
"""The same for a person or another matting program that looks for the edge from scratch: 9 px of 1728."""

SURE = (0.05, 0.95)
"""The range of scores of pixels that a model is unsure of."""

SUPERPIXEL = 2.0
"""The side of a superpixel, in widths of the band."""

_COMPACTNESS = 10.0  # of SLIC, where nearness counts as much as 10 levels of lightness


def trimap(alpha: np.ndarray, width: float, outer: float | None = None) -> np.ndarray:
    """Return where the edge of a cutout may lie, by erosion and dilation of its mask with a disc.

    `alpha` is uint8 or uint16 [H, W], the mask where it is one half or more. What is further than `width`
    (see `BAND` and `WIDE_BAND`) inside the mask is garment, what is further outside, than `outer` if it is
    given, surroundings. The border of the photo is no edge.
    """
    mask = alpha > np.iinfo(alpha.dtype).max // 2
    return _between(mask, mask, width, width if outer is None else outer)


def soft_trimap(alpha: np.ndarray, inner: float, outer: float) -> np.ndarray:
    """Return a trimap for a true alpha, uint8 [H, W]: all that is soft, and a band on both sides.

    The band is by erosion of what is opaque by a disc of the radius `inner`, and by dilation of what is not
    transparent by `outer`.
    """
    return _between(alpha == np.iinfo(alpha.dtype).max, alpha > 0, inner, outer)


def unsure_trimap(_photo: np.ndarray, scores: np.ndarray, threshold: float, width: float) -> np.ndarray:
    """Return a trimap by the uncertainty of scores, float32 [H, W]: what they leave open, and about it.

    Scores of hair, fur and sheer fabric are in between over as wide a part as these are; those of a firm edge
    only along it, where the band alone is unknown.
    """
    low, high = min(SURE[0], threshold), max(SURE[1], threshold)
    return _between(scores >= high, scores > low, width, width)


def superpixel_trimap(photo: np.ndarray, scores: np.ndarray, threshold: float, width: float) -> np.ndarray:
    """Return a trimap whose unknown band follows what looks alike, after Gupta and Raman 2017.

    A superpixel (SLIC) of the photo is garment or surroundings where the scores on it are so on average, and
    unknown in between or where it reaches across the edge of the mask; at least the edge itself is. So a lock
    of hair is unknown as a whole, however far it hangs out of the mask. Raises MissingExtraError where the
    package scikit-image is not installed.
    """
    slic = require("skimage.segmentation", "matting", "scikit-image").slic
    mask = scores >= threshold
    found = trimap(mask * np.uint8(255), 0)
    side_px = max(4.0, SUPERPIXEL * width * len(photo))
    open_to_doubt = _between(scores >= SURE[1], scores > SURE[0], width, width) == UNKNOWN
    part = box_around(open_to_doubt, margin_px=math.ceil(2 * side_px))
    if part is None:
        return found
    seen, inside = scores[part], mask[part]
    count = max(2, round(seen.size / side_px**2))
    regions = slic(
        np.ascontiguousarray(photo[part]), count, compactness=_COMPACTNESS, start_label=0, channel_axis=-1
    )
    areas = np.maximum(np.bincount(regions.ravel()), 1)
    level = np.bincount(regions.ravel(), seen.ravel()) / areas
    share = np.bincount(regions.ravel(), inside.ravel()) / areas
    doubtful = (level > SURE[0]) & (level < SURE[1]) | (share > 0) & (share < 1)
    found[part][doubtful[regions]] = UNKNOWN
    return found


def edge_trimap(_photo: np.ndarray, scores: np.ndarray, threshold: float, width: float) -> np.ndarray:
    """Return the `trimap` of a mask: scores, float32 [H, W], of `threshold` and more."""
    return trimap((scores >= threshold) * np.uint8(255), width)


FROM_SCORES: dict[str, Callable[[np.ndarray, np.ndarray, float, float], np.ndarray]] = {
    "edge": edge_trimap,
    "scores": unsure_trimap,
    "superpixels": superpixel_trimap,
}
"""Ways from a photo, its scores, the threshold and the width of the band to a trimap, by name."""


def ensure_band_available(way: str) -> None:
    """Raise MissingExtraError where a way of `FROM_SCORES` would, before any work is done."""
    if way == "superpixels":
        require("skimage.segmentation", "matting", "scikit-image")


def as_trimap(picture: np.ndarray) -> np.ndarray:
    """Return a grey picture, uint8 [H, W], as a trimap: all but black and white is unknown."""
    known = (picture == SURROUNDINGS) | (picture == GARMENT)
    return np.where(known, picture, np.uint8(UNKNOWN))


def _between(inside: np.ndarray, reached: np.ndarray, inner: float, outer: float) -> np.ndarray:
    """Return the trimap that is garment deep in `inside` and surroundings far from `reached`, both [H, W]."""
    inner_px, outer_px = (max(1.0, width * len(inside)) for width in (inner, outer))
    known = np.full(inside.shape, SURROUNDINGS, np.uint8)
    part = box_around(reached, margin_px=math.ceil(outer_px) + 1)
    if part is not None:
        garment, beyond = (mask[part].astype(np.uint8) for mask in (inside, ~reached))
        near = np.where(_further_than(inner_px, garment), np.uint8(GARMENT), np.uint8(UNKNOWN))
        known[part] = np.where(_further_than(outer_px, beyond), np.uint8(SURROUNDINGS), near)
    return known


def _further_than(distance_px: float, mask: np.ndarray) -> np.ndarray:
    """Return the pixels of a mask, uint8 0 or 1, that are further than a distance inside: bool [H, W]."""
    if mask.all():
        return mask.astype(bool)
    return cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) > distance_px
