"""The grain of a photo, so that what is painted into it does not look smoother than the rest."""

import cv2
import numpy as np


def grain_of(photo: np.ndarray, within: np.ndarray | None = None) -> float:
    """Return the standard deviation of the noise of a photo, uint8 RGB [H, W, 3], in its smooth parts.

    Where an alpha is given, float32 [H, W] in 0...1, only what lies wholly `within` counts; 0 for nothing.
    """
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1.5))
    size = (max(1, photo.shape[1] // 16), max(1, photo.shape[0] // 16))
    cells = cv2.resize(fine, size, interpolation=cv2.INTER_AREA)
    if within is not None:
        cells = cells[cv2.resize(within, size, interpolation=cv2.INTER_AREA) > 0.99]
    return float(min(1.6 * np.percentile(cells, 40), 6.0)) if cells.size else 0.0


def with_grain(colours: np.ndarray, grain: float, rng: np.random.Generator) -> np.ndarray:
    """Return colours, float32 [h, w, 3] in 0...255, with noise of a standard deviation of `grain`."""
    return colours + grain * grain_field(colours.shape[:2], rng)[..., None]


def grain_field(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return noise of a standard deviation of 1, as coarse as that of photos: float32 of `shape` [h, w]."""
    noise = cv2.GaussianBlur(rng.standard_normal(shape, dtype=np.float32), (0, 0), 0.8)
    return noise / max(float(noise.std()), 1e-6)
