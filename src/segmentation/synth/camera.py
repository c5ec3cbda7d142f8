"""The camera: lens softness, vignette, exposure, white balance, tone curve and sensor noise."""

import cv2
import numpy as np

from segmentation.synth.paint import blurred, stream


def expose(picture: np.ndarray, room_key: tuple[int, ...], view_key: tuple[int, ...]) -> np.ndarray:
    """Turn a painted scene, float32 RGB [H, W, 3] about 0...1, into a photo: uint8 RGB [H, W, 3].

    White balance and vignette belong to the room, exposure and noise vary a little from view to view.
    """
    room, view = stream(*room_key, 81), stream(*view_key, 82)
    height, width = picture.shape[:2]
    warmth, green = room.normal(0, 0.018), room.normal(0, 0.004)
    exposure = room.normal(1.035, 0.045) * view.normal(1.0, 0.010)
    gain = exposure * np.array([1 + warmth, 1 + green, 1 - warmth])
    contrast, haze, dark_corners = room.uniform(0.94, 1.10), room.uniform(0, 0.02), room.uniform(0, 0.10)
    picture = blurred(picture, 0.00030 * height)
    picture *= vignette(height, width, dark_corners)[..., None] * (2048 * gain).astype(np.float32)
    np.clip(picture, 0, 4095, out=picture)
    grain: np.ndarray = view.standard_normal((256, 256, 3), dtype=np.float32) * np.float32(
        view.uniform(0.7, 1.9)
    )
    grain = cv2.copyMakeBorder(grain, 0, max(0, height - 256), 0, max(0, width - 256), cv2.BORDER_WRAP)[
        :height, :width
    ]
    levels = _curve(contrast, haze)[picture.astype(np.uint16)]
    levels += grain
    levels += 0.5
    return np.clip(levels, 0, 255, out=levels).astype(np.uint8)


def vignette(height: int, width: int, dark_corners: float) -> np.ndarray:
    """Return the light that a lens lets through, float32 [height, width]: 1 amid, less in the corners."""
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    return 1 - np.float32(dark_corners) * (0.6 * y * y + 0.4 * x * x)


def _curve(contrast: float, haze: float) -> np.ndarray:
    """Return a tone curve [4096] for values 0...2: contrast in the middle, a soft shoulder, no clipping."""
    value = np.linspace(0, 2, 4096)
    value = 0.5 + (value - 0.5) * contrast
    value = np.where(value > 0.85, 0.85 + 0.15 * np.tanh((value - 0.85) / 0.15), value)
    return (255 * (haze + (1 - haze) * np.clip(value, 0, 1))).astype(np.float32)
