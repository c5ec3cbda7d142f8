"""Features of a photo and its prediction that tell how far the prediction can be trusted."""

import math

import cv2
import numpy as np

from segmentation.confidence.model import Features
from segmentation.confidence.parts import faint_parts, parts_of
from segmentation.confidence.shot import of_shot
from segmentation.images.regions import regions_of

FEATURES_VERSION = 4
"""Raise it whenever the same prediction gives other features, or further ones.

The record of a folder of results holds it, so that the next run decides anew about photos that were decided
by other features. A confidence model does not: where a feature changes that one of SIGNS comes from, or one
of DRIFT, `calibrate` has to fit the models that come with the program again, and the changelog has to tell
users to do so with their own.
"""

_WORKING_HEIGHT_PX = 432  # a quarter of a studio photo's: enough to tell parts of a garment from its edge
_EDGE = 1 / 216  # of the height to each side: how far apart the edges of equally good masks may lie
_BORDER = 0.05  # of the height and the width: where a photo shows its backdrop


def extract_features(photo: np.ndarray, scores: np.ndarray, threshold: float, second: np.ndarray) -> Features:
    """Return the features of a prediction, which do not depend on the size of the photo.

    `photo` is uint8 RGB [H, W, 3]; `scores` are float32 [H, W] in [0, 1], garment from `threshold` on;
    `second` is the mask, bool [H, W], of a second opinion. Of the two masks:

    - `disagreement`: 1 - Dice of the mask and the second one.
    - `thick_disagreement`: where they differ further than 1/216 of the height from the mask's edge, as a
      share of the mask.
    - `softness`: how unsure the scores within 1/216 of the height from the edge are: 0 where all are 0 or 1,
      1 where all are one half.
    - `fragments`: the share of the mask that is not in its largest region.
    - `area`: the share of the photo in the mask; `outline`: its length, with that of holes, over the root of
      its area; `height`, `width`, `across`, `down`: height, width and centre of the mask, in shares of the
      photo.

    Of the shot: `cut_off`, `blown_out`, `black`, `sharpness`, see `confidence.shot`.

    Of its parts: how many `garments`, `islands` and `faint_parts` there are, see `confidence.parts`.

    Of the photo, in CIE L*a*b*: `lightness`, `contrast` (mean and standard deviation of L*), `backdrop_...`
    and `garment_...` (medians of the border and of the mask: `lightness`, `green_red`, `blue_yellow`). What
    an empty mask does not have is missing.
    """
    full = scores >= threshold
    parts = parts_of(full) | faint_parts(scores, full, second)  # thin ones are lost at another size
    shot = of_shot(photo, full)
    size = _working_size(scores.shape)
    scores, photo = (cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in (scores, photo))
    second = cv2.resize(second.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5
    mask = scores >= threshold
    return {**_of_masks(scores, mask, second), **parts, **shot, **_of_shape(mask), **_of_colours(photo, mask)}


def _of_masks(scores: np.ndarray, mask: np.ndarray, second: np.ndarray) -> dict[str, float]:
    area = int(np.count_nonzero(mask))
    differ, both = mask ^ second, area + np.count_nonzero(second)
    near = _distance_to_edge(mask) <= max(_EDGE * len(mask), 1.0)  # of small photos the pixels at the edge
    unsure = 2 * np.minimum(scores, 1 - scores)[near]
    largest = regions_of(mask)[:, cv2.CC_STAT_AREA].max(initial=0)
    return {
        "disagreement": np.count_nonzero(differ) / both if both else 0.0,
        "thick_disagreement": np.count_nonzero(differ & ~near) / max(area, 1),
        "softness": float(unsure.mean()) if unsure.size else 0.0,
        "fragments": float(1 - largest / area) if area else 0.0,
    }


def _of_shape(mask: np.ndarray) -> dict[str, float]:
    area = int(np.count_nonzero(mask))
    shape = {"area": area / mask.size, "outline": _length_of_edge(mask) / math.sqrt(max(area, 1))}
    if not area:
        return shape
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return shape | {
        "height": float(rows[-1] + 1 - rows[0]) / len(mask),
        "width": float(columns[-1] + 1 - columns[0]) / mask.shape[1],
        "across": float(columns[0] + columns[-1] + 1) / 2 / mask.shape[1],
        "down": float(rows[0] + rows[-1] + 1) / 2 / len(mask),
    }


def _of_colours(photo: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    colours = cv2.cvtColor(photo.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)  # [h, w, 3]
    border = np.ones(mask.shape, bool)
    down, across = (max(1, round(_BORDER * side)) for side in mask.shape)
    border[down:-down, across:-across] = False
    found = {"lightness": float(colours[..., 0].mean()), "contrast": float(colours[..., 0].std())}
    parts = {"backdrop": border & ~mask, "garment": mask}
    for part, pixels in parts.items():
        if pixels.any():
            median = np.median(colours[pixels], axis=0)
            names = (f"{part}_{name}" for name in ("lightness", "green_red", "blue_yellow"))
            found |= dict(zip(names, map(float, median), strict=True))
    return found


def _distance_to_edge(mask: np.ndarray) -> np.ndarray:
    """Return the distance of each pixel from the other side of the mask's edge, in pixels: float32 [h, w]."""
    sides = (cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, 3) for side in (mask, ~mask))
    return np.maximum(*sides)


def _length_of_edge(mask: np.ndarray) -> float:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return float(sum(cv2.arcLength(contour, True) for contour in contours))


def _working_size(shape: tuple[int, int]) -> tuple[int, int]:
    """Return the width and height to work at; smaller photos stay as they are."""
    height = min(shape[0], _WORKING_HEIGHT_PX)
    return max(1, round(shape[1] * height / shape[0])), height
