"""Foreground estimation: the colours of the garment where the photo mixes them with its surroundings."""

from collections.abc import Iterator

import cv2
import numpy as np

from segmentation.core.bands import PIXELS, Band, bands_of
from segmentation.images.boxes import box_around
from segmentation.images.channels import add_channel
from segmentation.images.compositing import blend, in_bits
from segmentation.images.picture import Picture

RADII = (1 / 90, 1 / 400, 1 / 800)
"""The radius in which each pass looks for colours, in heights of the photo: 19, 4 and 2 px of 1728."""

LEAST_RADII_PX = (8, 3, 1)
"""The least radius of each pass, so that it spans the soft edges of small photos as well."""

TRUST = 4
"""The power of alpha (and of 1 - alpha) by which colours are weighted: nearly pure pixels count most."""

SELF_WEIGHT = 1e-4
"""The weight of the pixel itself, so that its colour is kept where no pure pixel is near."""

Area = tuple[slice, slice]

_AREA_PX = 64  # the height of areas that are blurred, and the step of their width


def garment_colours(picture: Picture, alpha: np.ndarray) -> np.ndarray:
    """Return a photo without the colours of its surroundings in the soft edges of a garment.

    `alpha` is uint8 or uint16 [H, W]; RGB [H, W, 3] of its type is returned. Where the photo itself is not
    opaque its colours stay as they are, since those of a transparent pixel hold nothing of what is behind.
    """
    bits = 8 * alpha.dtype.itemsize
    photo = in_bits(picture.pixels if picture.deep is None else picture.deep, bits)
    if picture.alpha is None:
        return decontaminate(photo, alpha)
    opaque, own = np.iinfo(photo.dtype).max, in_bits(picture.alpha, bits)
    cleaned = decontaminate(blend(photo, opaque, own), alpha)  # below transparency any colour may lie
    cleaned[own < opaque] = photo[own < opaque]
    return cleaned


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
    mixed = cv2.inRange(alpha[band.seen], 1, opaque - 1) > 0
    if not mixed[band.kept].any():
        return
    box = box_around(mixed, margin_px=max(radii))
    assert box
    rows, columns = box
    mixed = mixed[box]
    seen = photo[band.seen][box].copy()
    edge = np.flatnonzero(mixed)
    areas = list(_areas(mixed))
    seen.reshape(-1, 3)[edge] = _foreground(seen, alpha[band.seen][box], edge, areas, radii)
    first, last = max(band.kept.start, rows.start), min(band.kept.stop, rows.start + len(seen))
    own = slice(first - rows.start, last - rows.start)
    shift = band.seen.start
    result[first + shift : last + shift, columns] = seen[own]


def _areas(mixed: np.ndarray) -> Iterator[Area]:
    """Yield areas that cover all True of bool [H, W], and little else: what lies between is not blurred."""
    for top in range(0, mixed.shape[0], _AREA_PX):
        rows = slice(top, top + _AREA_PX)
        columns = mixed[rows].any(axis=0)
        cells = np.add.reduceat(columns, range(0, mixed.shape[1], _AREA_PX), dtype=np.intp) > 0
        ends = np.flatnonzero(np.diff(cells, prepend=False, append=False))  # of runs of cells
        for first, last in ends.reshape(-1, 2) * _AREA_PX:
            yield rows, slice(int(first), int(last))


def _foreground(
    photo: np.ndarray, alpha: np.ndarray, band: np.ndarray, areas: list[Area], radii: list[int]
) -> np.ndarray:
    """Estimate the foreground of the pixels with the flat indices `band` [n]: [n, 3], like the photo.

    They lie in the `areas`.
    """
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
        near = [_nearby_mean(field, band, areas, observed, radius_px, white) for field in fields]
        lacking = observed - sum(part * mean for part, mean in zip(shares, near, strict=True))
        colours = [
            np.clip(mean + part * lacking, 0, white) for part, mean in zip(shares, near, strict=True)
        ]  # 2 of [n, 3]
    return np.round(colours[0]).astype(photo.dtype)


def _weighted(photo: np.ndarray, pure: np.ndarray) -> np.ndarray:
    """Return the colours of pure pixels with their weight as a fourth channel: float32 [H, W, 4], else 0."""
    weight = pure.astype(photo.dtype) * photo.dtype.type(np.iinfo(photo.dtype).max)
    return add_channel(cv2.copyTo(photo, pure.view(np.uint8)), weight).astype(np.float32)


def _nearby_mean(
    field: np.ndarray, band: np.ndarray, areas: list[Area], observed: np.ndarray, radius_px: int, white: int
) -> np.ndarray:
    """Return the mean colour of a weighted field about each pixel of the band: float32 [n, 3]."""
    blurred = np.empty_like(field)
    side = 2 * radius_px + 1
    for rows, columns in areas:
        top, left = max(rows.start - radius_px, 0), max(columns.start - radius_px, 0)
        around = field[top : rows.stop + radius_px, left : columns.stop + radius_px]
        means = cv2.blur(around, (side, side), borderType=cv2.BORDER_REFLECT)
        own = blurred[rows, columns]
        own[:] = means[rows.start - top :, columns.start - left :][: own.shape[0], : own.shape[1]]
    near = blurred.reshape(-1, 4)[band]
    return (near[:, :3] + SELF_WEIGHT * observed) / (near[:, 3:] * np.float32(1 / white) + SELF_WEIGHT)
