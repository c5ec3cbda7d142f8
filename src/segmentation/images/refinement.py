"""Refinement of the edge of a cutout with the photo, in a narrow band about it."""

import math
from collections.abc import Callable
from types import ModuleType

import cv2
import numpy as np

from segmentation.core.errors import SegmentationError
from segmentation.core.imports import require

BAND = 1 / 800
"""How far the unknown band reaches to each side of an edge, in heights of the photo: 2 px of 1728.

For networks that see a third of the pixels or more; coarser edges need a wider band.
"""

WIDE_BAND = 1 / 200
"""The same for a person or another matting program that looks for the edge from scratch: 9 px of 1728."""

RADIUS = 1 / 400
"""The radius of the guided filter, in heights of the photo: 4 px of 1728."""

SURROUNDINGS, UNKNOWN, GARMENT = 0, 128, 255
"""The values of a trimap."""

SMOOTHNESS = 1e-3
"""The variance of colours, in squares of their range, below which a guided filter takes them for equal."""

CONVINCING = (0.8, 0.95)
"""The shares of alpha's variance from which on colours are followed a little, and fully.

Colours of a garment that looks like its mannequin, or of a pattern, tell nothing of the edge.
"""


def trimap(alpha: np.ndarray, width: float) -> np.ndarray:
    """Return where the edge of a cutout may lie, by erosion and dilation of its mask with a disc.

    `alpha` is uint8 or uint16 [H, W], the mask where it is one half or more; `width` is in heights of the
    photo (see `BAND` and `WIDE_BAND`), at least one pixel. Returns uint8 [H, W]: 255 further than that inside
    the mask, 0 further than that outside, and 128 between. The border of the photo is no edge.
    """
    width_px = max(1.0, width * len(alpha))
    mask = alpha > np.iinfo(alpha.dtype).max // 2
    known = np.full(alpha.shape, SURROUNDINGS, np.uint8)
    part = box_around(mask, margin_px=math.ceil(width_px) + 1)
    if part is not None:
        inside = mask[part].astype(np.uint8)
        near = np.where(_further_than(width_px, inside), np.uint8(GARMENT), np.uint8(UNKNOWN))
        known[part] = np.where(_further_than(width_px, 1 - inside), np.uint8(SURROUNDINGS), near)
    return known


def refine(
    photo: np.ndarray,
    alpha: np.ndarray,
    trimap: np.ndarray,
    *,
    method: str = "guided-filter",
    radius_px: int | None = None,
) -> np.ndarray:
    """Fit the edge of an alpha to the photo in the unknown band of the trimap.

    `photo` is uint8 RGB [H, W, 3], `alpha` uint8 or uint16 [H, W], `trimap` (see the function of that name)
    uint8 [H, W]. Returns an alpha of the same kind, equal wherever the trimap is not 128. `method` is one of
    `METHODS`:

    - `guided-filter`: alpha as a linear function of colour within `radius_px` (by default `RADIUS * H`) of
      each pixel (He, Sun and Tang, "Guided Image Filtering", 2010), without their second averaging, and only
      as far as colours explain alpha there (`CONVINCING`).
    - `closed-form`: the package pymatting, from the trimap alone (Levin, Lischinski and Weiss, "A
      Closed-Form Solution to Natural Image Matting", 2008). Without known pixels of both kinds about the
      band, alpha stays as it is.

    Raises SegmentationError for another method, and where pymatting is needed and not installed.
    """
    ensure_available(method)
    if radius_px is None:
        radius_px = max(1, round(RADIUS * len(photo)))
    part = box_around(trimap == UNKNOWN, margin_px=radius_px)
    refined = alpha.copy()
    if part is not None:
        band = trimap[part] == UNKNOWN
        found = METHODS[method](photo[part], alpha[part], trimap[part], radius_px)  # [pixels of the band]
        refined[part][band] = np.round(np.clip(found, 0, 1) * np.iinfo(alpha.dtype).max)
    return refined


def ensure_available(method: str) -> None:
    """Raise SegmentationError where `refine` would, before any work is done."""
    if method not in METHODS:
        raise SegmentationError(f"`refine`: expected {' or '.join(METHODS)}, received {method!r}")
    if method == "closed-form":
        _pymatting()


def box_around(mask: np.ndarray, margin_px: int) -> tuple[slice, slice] | None:
    """Return the rows and columns that hold a mask, bool [H, W], and a margin; None where it is empty."""
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    if not width:
        return None
    return (
        slice(max(0, top - margin_px), top + height + margin_px),
        slice(max(0, left - margin_px), left + width + margin_px),
    )


def _guided_filter(photo: np.ndarray, alpha: np.ndarray, trimap: np.ndarray, radius_px: int) -> np.ndarray:
    """Return alpha as far as the colours about each pixel explain it: float32 [pixels of the band]."""
    band = np.flatnonzero(trimap == UNKNOWN)
    colours = photo.astype(np.float32) * np.float32(1 / 255)
    target = alpha.astype(np.float32) * np.float32(1 / np.iinfo(alpha.dtype).max)
    red, green, blue = cv2.split(colours)

    def mean(*fields: np.ndarray) -> np.ndarray:
        side = 2 * radius_px + 1
        blurred = cv2.blur(cv2.merge(fields), (side, side), borderType=cv2.BORDER_REFLECT)
        return blurred.reshape(-1, len(fields))[band]  # [pixels of the band, fields]

    means = mean(red, green, blue, target)
    centre, level = means[:, :3], means[:, 3]
    with_target = mean(red * target, green * target, blue * target) - centre * level[:, None]
    upper = mean(red * red, red * green, red * blue, green * green)
    lower = mean(green * blue, blue * blue)
    products = np.concatenate([upper, lower], axis=1)[:, [0, 1, 2, 1, 3, 4, 2, 4, 5]].reshape(-1, 3, 3)
    spread = products - centre[:, :, None] * centre[:, None, :]
    spread += np.float32(SMOOTHNESS) * np.eye(3, dtype=np.float32)
    slope = np.linalg.solve(spread, with_target[:, :, None])[..., 0]
    fitted = level + (slope * (colours.reshape(-1, 3)[band] - centre)).sum(axis=1)
    variance = np.maximum(mean(target * target, target)[:, 0] - level * level, np.float32(1e-3))
    explained = (slope * with_target).sum(axis=1) / variance
    given = target.reshape(-1)[band]
    low, high = CONVINCING
    return given + np.clip((explained - low) / (high - low), 0, 1) * (np.clip(fitted, 0, 1) - given)


def _closed_form(photo: np.ndarray, alpha: np.ndarray, trimap: np.ndarray, _radius_px: int) -> np.ndarray:
    """Return the closed-form matte: float64 [pixels of the band]."""
    band = trimap == UNKNOWN
    if not ((trimap == GARMENT).any() and (trimap == SURROUNDINGS).any()):
        return alpha[band] / np.iinfo(alpha.dtype).max
    return _pymatting().estimate_alpha_cf(photo / 255, trimap / 255)[band]


def _pymatting() -> ModuleType:
    require("pymatting", "matting")
    import pymatting

    return pymatting


METHODS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]] = {
    "guided-filter": _guided_filter,
    "closed-form": _closed_form,
}


def _further_than(distance_px: float, mask: np.ndarray) -> np.ndarray:
    """Return the pixels of a mask, uint8 0 or 1, that are further than a distance inside: bool [H, W]."""
    if mask.all():
        return mask.astype(bool)
    return cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) > distance_px
