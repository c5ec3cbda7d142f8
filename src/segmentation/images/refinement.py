"""Refinement of the edge of a cutout with the photo, in the unknown band of a trimap."""

from collections.abc import Callable
from importlib import import_module

import cv2
import numpy as np

from segmentation.core.errors import SegmentationError
from segmentation.core.imports import require
from segmentation.images.boxes import box_around
from segmentation.images.trimaps import GARMENT, SURROUNDINGS, UNKNOWN, as_trimap

RADIUS = 1 / 400
"""The radius of the guided filter, in heights of the photo: 4 px of 1728."""

SMOOTHNESS = 1e-3
"""The variance of colours, in squares of their range, below which a guided filter takes them for equal."""

CONVINCING = (0.8, 0.95)
"""The shares of alpha's variance from which on colours are followed a little, and fully.

Colours of a garment that looks like its mannequin, or of a pattern, tell nothing of the edge.
"""

_LINE_SMOOTHNESS = 1e-5  # the same for the windows in which an alpha is enlarged


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
      band, and where its equations cannot be solved, alpha stays as it is.
    - `closed-form-half`: the same at half the photo's size, in a fifth of the time, enlarged by the colours.
    - `knn`: the package pymatting as well (Chen, Li and Tang, "KNN Matting", 2012), by pixels of like colours
      in the whole photo.

    Raises SegmentationError for another method, and where pymatting is needed and not installed.
    """
    ensure_available(method)
    if radius_px is None:
        radius_px = max(1, round(RADIUS * len(photo)))
    margin_px = max(trimap.shape) if method in _GLOBAL else radius_px
    part = box_around(trimap == UNKNOWN, margin_px)
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
    if method != "guided-filter":
        require("pymatting", "matting")


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
    return _by_pymatting("estimate_alpha_cf", photo, alpha, trimap)[trimap == UNKNOWN]


def _closed_form_half(
    photo: np.ndarray, alpha: np.ndarray, trimap: np.ndarray, _radius_px: int
) -> np.ndarray:
    """Return the closed-form matte of the photo at half its size, enlarged: float32 [pixels of the band]."""
    height, width = trimap.shape
    half = max(1, width // 2), max(1, height // 2)
    seen, guess, known = (
        cv2.resize(one, half, interpolation=cv2.INTER_AREA) for one in (photo, alpha, trimap)
    )
    found = _by_pymatting("estimate_alpha_cf", seen, guess, as_trimap(known))
    return _enlarged(found.astype(np.float32), seen, photo)[trimap == UNKNOWN]


def _enlarged(alpha: np.ndarray, small: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """Enlarge the alpha of a `small` photo to that of the photo itself: float32 [H, W].

    In each 3x3 window of the small photo it is a linear function of colour, as the closed form assumes; the
    photo's colours are put into these functions, after the fast guided filter of He and Sun 2015.
    """
    colours = small.astype(np.float32) * np.float32(1 / 255)

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (3, 3), borderType=cv2.BORDER_REFLECT)

    centre, level = mean(colours), mean(alpha)
    with_alpha = mean(colours * alpha[..., None]) - centre * level[..., None]
    products = [mean(colours * colours[..., channel, None]) for channel in range(3)]
    spread = np.stack(products, axis=-2) - centre[..., None] * centre[..., None, :]
    spread += np.float32(_LINE_SMOOTHNESS) * np.eye(3, dtype=np.float32)
    slope = np.linalg.solve(spread, with_alpha[..., None])[..., 0]  # [h, w, 3]
    offset = level - (slope * centre).sum(axis=-1)
    lines = cv2.resize(
        np.dstack([mean(slope), mean(offset)]), photo.shape[1::-1], interpolation=cv2.INTER_LINEAR
    )
    return (lines[..., :3] * photo * np.float32(1 / 255)).sum(axis=-1) + lines[..., 3]


def _knn(photo: np.ndarray, alpha: np.ndarray, trimap: np.ndarray, _radius_px: int) -> np.ndarray:
    """Return the KNN matte: float64 [pixels of the band]."""
    return _by_pymatting("estimate_alpha_knn", photo, alpha, trimap)[trimap == UNKNOWN]


def _by_pymatting(name: str, photo: np.ndarray, alpha: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Return what a function of pymatting finds, or else alpha itself: float64 [H, W]."""
    given = alpha / np.iinfo(alpha.dtype).max
    if not ((trimap == GARMENT).any() and (trimap == SURROUNDINGS).any()):
        return given
    require("pymatting", "matting")
    import pymatting

    # its remarks on speed would be mixed into this program's standard output
    vars(import_module("pymatting.preconditioner.ichol"))["print"] = lambda *_words: None
    try:
        return getattr(pymatting, name)(photo / 255, trimap / 255)
    except ValueError:  # the equations cannot be decomposed or solved
        return given


METHODS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]] = {
    "guided-filter": _guided_filter,
    "closed-form": _closed_form,
    "closed-form-half": _closed_form_half,
    "knn": _knn,
}

_GLOBAL = frozenset({"knn"})  # the methods that look at known pixels wherever they are
