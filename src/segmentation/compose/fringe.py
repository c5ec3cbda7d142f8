"""The surroundings of a garment that is removed, without the traces that its edge left in them."""

import cv2
import numpy as np

from segmentation.compose.figure import Figure
from segmentation.synth.paint import blurred

BAND = 1 / 300
"""The reach of an edge's colours beyond its alpha, in heights of the photo: 6 px of 1728."""

REST = 1 / 90
"""The range in which a garment's back or lining, which its alpha leaves out, is looked for: 19 px of 1728."""


def without_fringe(
    photo: np.ndarray, alpha: np.ndarray, part: np.ndarray, figure: Figure, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return what is behind a part of the garment and its fringe, and where that shows.

    `photo` is RGB [h, w, 3], `alpha` uint8 [h, w], `part` bool [h, w], all of a crop; `height` is that of
    the whole photo in pixels. Returns float32 RGB [h, w, 3], continued from wall and mannequin nearby, and
    float32 [h, w] in 0...1: 1 on the part, along its edge, and on what more of the garment lies around.
    """
    near = _grown(part, BAND * height)
    cloth = _continued(photo, alpha > 250, np.zeros(3, np.float32), (height / 90, height / 300))
    alike = np.abs(photo - cloth).max(axis=2) < 45
    rest = _grown(part, REST * height) & alike & ~_explained(photo, figure)
    taken = near | rest
    known = ~(taken | (alpha > 0))
    # from far to near, so that the nearest colours count
    sigmas = (height / 40, height / 90, height / 250, height / 500)
    colours = _continued(photo, known, figure.wall, sigmas)
    return colours, cv2.GaussianBlur(taken.astype(np.float32), (0, 0), max(0.6, height / 2400))


def likeness(photo: np.ndarray, figure: Figure) -> tuple[np.ndarray, np.ndarray]:
    """Return how far each colour is from the wall's, 0, to the mannequin's, 1, and how far off that line.

    Both are float32 [h, w]; the second is in levels of 0...255.
    """
    wall, axis = figure.wall.astype(np.float32), (figure.tone - figure.wall).astype(np.float32)
    along = ((photo - wall) @ axis) / max(float(axis @ axis), 1.0)
    return along, np.abs(photo - wall - along[..., None] * axis).max(axis=2)


def _explained(photo: np.ndarray, figure: Figure) -> np.ndarray:
    """Return where the photo looks like wall or mannequin in some light, bool [h, w]."""
    along, off = likeness(photo, figure)
    return (along > -0.6) & (along < 1.9) & (off < 28)


def _continued(
    photo: np.ndarray, known: np.ndarray, default: np.ndarray, sigmas: tuple[float, ...]
) -> np.ndarray:
    """Return the known colours, continued over the rest of a picture: float32 RGB [h, w, 3]."""
    colours = np.broadcast_to(default.astype(np.float32), photo.shape)
    pure = np.where(known[..., None], photo, 0).astype(np.float32)
    for sigma in sigmas:
        weight = blurred(known.astype(np.float32), sigma)[..., None]
        colours = (blurred(pure, sigma) + 0.01 * colours) / (weight + 0.01)
    return colours


def _grown(mask: np.ndarray, reach_px: float) -> np.ndarray:
    if mask.all():
        return mask
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3) <= max(1.0, reach_px)
