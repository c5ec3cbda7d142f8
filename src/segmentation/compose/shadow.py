"""The shadow of a foreground on what is right behind it: where it touches, and where it keeps light off."""

import cv2
import numpy as np

from segmentation.compose.light import Light
from segmentation.synth.paint import blurred

MOST = 0.85
"""The most that a shadow takes of the light; some always comes from elsewhere."""


def shadow(
    alpha: np.ndarray, light: Light, strength: float, touching: bool, rng: np.random.Generator
) -> np.ndarray:
    """Return how much light a foreground takes from the ground, float32 [H, W] in 0...1.

    `alpha` is float32 [H, W] in 0...1; a `strength` of 1 is that of one lamp. What does not touch the ground
    stands before it: its shadow is further off, softer and weaker.
    """
    height, width = alpha.shape
    unit = float(np.sqrt(alpha.sum())) + 1  # of the foreground's own size
    contact = blurred(alpha, max(0.8, 0.008 * unit)) if touching else np.zeros_like(alpha)
    distance = unit * (rng.uniform(0.015, 0.06) if touching else rng.uniform(0.06, 0.16))
    away = -distance * np.array([light.right, light.down])
    move = np.array([[1, 0, away[0]], [0, 1, away[1]]])
    # beyond the border it goes on as it is there
    drop = cv2.warpAffine(alpha, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    drop = (0.8 if touching else 0.5) * blurred(drop, distance * rng.uniform(0.4, 1.1))
    return np.clip(strength * (0.5 * contact + drop), 0, MOST).astype(np.float32)
