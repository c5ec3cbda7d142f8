"""Put a garment on the mannequin of another photo, over the garment that it wears there."""

import cv2
import numpy as np

from segmentation.compose.figure import Figure
from segmentation.compose.fringe import likeness, without_fringe
from segmentation.compose.grain import grain_of, with_grain
from segmentation.compose.placement import Placement, laid
from segmentation.compose.sources import Composed
from segmentation.images.boxes import box_around

MOST_LEFT = 0.01
"""The share of the other garment that may stick out; it is painted over with what is around it."""

_HEM_SHADOW = 0.25
_CONTACT = 0.3
"""The share of light that a hem takes from the mannequin below it, and an edge from what it touches."""


def put_on(
    photo: np.ndarray,
    alpha: np.ndarray,
    figure: Figure,
    garment: Composed,
    light: np.ndarray,
    placement: Placement,
    rng: np.random.Generator,
) -> Composed | None:
    """Return a photo whose mannequin wears another garment, and its alpha; None where the old one stays.

    `photo`, uint8 RGB [H, W, 3], `alpha`, uint8 [H, W], and `figure` are those of the mannequin, `garment` is
    the photo and the alpha that the new garment comes from, `light` the colour of the wall there.
    """
    colours, opacity = laid(*garment, placement, alpha.shape)
    share = opacity.astype(np.float32) * np.float32(1 / 255)
    worn = alpha.astype(np.float32) * np.float32(1 / 255)
    if float((worn * (1 - share)).sum()) > MOST_LEFT * float(worn.sum()):
        return None
    box = box_around((opacity > 0) | (alpha > 0), margin_px=max(4, len(photo) // 30))
    if box is None:
        return None
    behind, taken = without_fringe(photo[box], alpha[box], alpha[box] > 0, figure, len(photo))
    behind = with_grain(behind, grain_of(photo), rng)
    scene = photo[box] + taken[..., None] * (behind - photo[box])
    scene = scene * (1 - _shadow(scene, share[box], figure, len(photo)))[..., None]
    gain = np.clip(figure.wall / np.maximum(light, 1), 0.75, 1.33) ** 0.6
    cloth = np.clip(colours[box] * gain.astype(np.float32), 0, 255)
    result = photo.copy()
    result[box] = np.clip(scene + share[box][..., None] * (cloth - scene) + 0.5, 0, 255)
    return result, opacity


def _shadow(scene: np.ndarray, share: np.ndarray, figure: Figure, height: int) -> np.ndarray:
    """Return how much light the garment takes from the mannequin, float32 [h, w]; the wall is far behind."""
    along, off = likeness(scene, figure)
    near = ((along > 0.5) & (along < 2) & (off < 40)).astype(np.float32)
    body = cv2.GaussianBlur(near, (0, 0), max(0.6, height / 1000))
    move = np.array([[1, 0, 0], [0, 1, 0.006 * height]])
    below = cv2.warpAffine(share, move, share.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    hem = cv2.GaussianBlur(below, (0, 0), max(0.8, 0.004 * height))
    contact = cv2.GaussianBlur(share, (0, 0), max(0.6, 0.0015 * height))
    return np.clip(body * (_HEM_SHADOW * hem + _CONTACT * contact), 0, 0.6)
