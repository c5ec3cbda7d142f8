"""Foreground estimation: the colours of the garment where the photo mixes them with its surroundings."""

import cv2
import numpy as np

from segmentation.core.bands import PIXELS, Band, bands_of
from segmentation.images.boxes import box_around

RADII = (1 / 90, 1 / 400, 1 / 800)
"""The radius in which each pass looks for colours, in heights of the photo: 19, 4 and 2 px of 1728."""

LEAST_RADII_PX = (8, 3, 1)
"""The least radius of each pass, so that it spans the soft edges of small photos as well."""

TRUST = 4
"""The power of alpha (and of 1 - alpha) by which colours are weighted: nearly pure pixels count most."""

SELF_WEIGHT = 1e-4
"""The weight of the pixel itself, so that its colour is kept where no pure pixel is near."""


def decontaminate(photo: np.ndarray, alpha: np.ndarray, *, pixels: int = PIXELS) -> np.ndarray:
    """Remove the colours of the surroundings from the soft edges of a garment.

    `photo` is RGB [H, W, 3], `alpha` [H, W], each uint8 or uint16. Returns RGB like the photo: itself where
    alpha is all or nothing, and between them the foreground F of photo = alpha * F + (1 - alpha) * B.
    Each pass takes the means of F and B nearby and divides between the two what their mixture lacks, after
    "Approximate Fast Foreground Colour Estimation" (Forte, 2021); unlike there, every pass changes both, and
    pixels are weighted by a power of their alpha. Colours are as good as the alpha: a backdrop that it calls
    opaque stays. It works in bands of about so many `pixels`.
    """
    radii = [
        max(least_px, round(radius * len(photo)))
        for radius, least_px in zip(RADII, LEAST_RADII_PX, strict=True)
    ]
    result = photo.copy()
    for band in bands_of(alpha.shape, sum(radii), pixels=pixels):
        _decontaminate_rows(result, photo, alpha, band, radii)
    return result


def _decontaminate_rows(
    result: np.ndarray, photo: np.ndarray, alpha: np.ndarray, band: Band, radii: list[int]
) -> None:
    """Write the foreground of a band into the result; its margin holds all that the passes look at."""
    opaque = np.iinfo(alpha.dtype).max
    mixed = (alpha[band.seen] > 0) & (alpha[band.seen] < opaque)
    if not mixed[band.kept].any():
        return
    box = box_around(mixed, margin_px=max(radii))
    assert box
    columns = box[1]
    seen = photo[band.seen, columns].copy()
    mixed = mixed[:, columns]
    seen[mixed] = _foreground(seen, alpha[band.seen, columns], np.flatnonzero(mixed), radii)
    result[band.own, columns] = seen[band.kept]


def _foreground(photo: np.ndarray, alpha: np.ndarray, band: np.ndarray, radii: list[int]) -> np.ndarray:
    """Estimate the foreground of the pixels with the flat indices `band` [n]: [n, 3], like the photo."""
    white, opaque = np.iinfo(photo.dtype).max, np.iinfo(alpha.dtype).max
    share = alpha.reshape(-1)[band, None] * np.float32(1 / opaque)  # [n, 1]
    observed = photo.reshape(-1, 3)[band].astype(np.float32)
    shares = share, 1 - share
    fields = [_weighted(photo, pure) for pure in (alpha == opaque, alpha == 0)]
    colours = [observed, observed]
    for radius_px in radii:
        for field, weight, colour in zip(fields, shares, colours, strict=True):
            weight = weight**TRUST
            field.reshape(-1, 4)[band] = np.concatenate([colour * weight, white * weight], axis=1)
        near = [_nearby_mean(field, band, observed, radius_px, white) for field in fields]
        lacking = observed - sum(part * mean for part, mean in zip(shares, near, strict=True))
        colours = [
            np.clip(mean + part * lacking, 0, white) for part, mean in zip(shares, near, strict=True)
        ]  # 2 of [n, 3]
    return np.round(colours[0]).astype(photo.dtype)


def _weighted(photo: np.ndarray, pure: np.ndarray) -> np.ndarray:
    """Return the colours of pure pixels with their weight as a fourth channel: float32 [H, W, 4], else 0."""
    weight = pure.astype(photo.dtype) * np.iinfo(photo.dtype).max
    return cv2.merge([*cv2.split(cv2.copyTo(photo, pure.astype(np.uint8))), weight]).astype(np.float32)


def _nearby_mean(
    field: np.ndarray, band: np.ndarray, observed: np.ndarray, radius_px: int, white: int
) -> np.ndarray:
    """Return the mean colour of a weighted field about each pixel of the band: float32 [n, 3]."""
    side = 2 * radius_px + 1
    blurred = cv2.blur(field, (side, side), borderType=cv2.BORDER_REFLECT).reshape(-1, 4)[band]
    return (blurred[:, :3] + SELF_WEIGHT * observed) / (blurred[:, 3:] * np.float32(1 / white) + SELF_WEIGHT)
