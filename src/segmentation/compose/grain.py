"""The grain of a photo, so that what is painted into it does not look smoother than the rest."""

import cv2
import numpy as np


def grain_of(photo: np.ndarray) -> float:
    """Return the standard deviation of the noise of a photo, uint8 RGB [H, W, 3], in its smooth parts."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1.5))
    cells = cv2.resize(
        fine, (max(1, photo.shape[1] // 16), max(1, photo.shape[0] // 16)), interpolation=cv2.INTER_AREA
    )
    return float(min(1.6 * np.percentile(cells, 40), 6.0))


def with_grain(colours: np.ndarray, grain: float, rng: np.random.Generator) -> np.ndarray:
    """Return colours, float32 [h, w, 3] in 0...255, with noise of a standard deviation of `grain`."""
    noise = cv2.GaussianBlur(rng.standard_normal(colours.shape[:2], dtype=np.float32), (0, 0), 0.8)
    return colours + (grain / max(float(noise.std()), 1e-6) * noise)[..., None]
