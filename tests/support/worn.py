"""Tiny studio pairs of garments on a mannequin, in colours that are found again: drawn, with soft edges."""

from pathlib import Path

import cv2
import numpy as np

from segmentation.images.files import write_image

WALL, SKIN = (228, 226, 229), (205, 160, 128)
COLOURS = ((40, 60, 190), (20, 140, 60), (190, 30, 60), (120, 40, 160))
"""Of garments, none of which looks like wall or mannequin."""

_BODY = [(0.03, 0.15), (0.03, 0.20), (0.085, 0.22), (0.08, 0.30), (0.062, 0.40), (0.08, 0.48), (0.075, 0.52)]
_LEG = [(0.012, 0.50), (0.014, 0.92), (0.045, 0.92), (0.072, 0.50)]
_CUTS = {
    "dress": [(0.034, 0.21), (0.088, 0.225), (0.084, 0.30), (0.075, 0.40), (0.098, 0.48), (0.12, 0.64)],
    "skirt": [(0.066, 0.40), (0.085, 0.47), (0.094, 0.56)],
}


def draw_worn(seed: int, cut: str = "dress", height: int = 240, width: int = 170):
    """A photo uint8 RGB [height, width, 3] of a "dress" or a "skirt" on a mannequin, and its alpha."""
    random = np.random.default_rng(seed)
    x = 0.5 * width / height + random.uniform(-0.02, 0.02)
    scale = random.uniform(0.97, 1.03)
    colour = COLOURS[seed % len(COLOURS)]
    photo = np.full((height, width, 3), WALL, np.float32)
    for points in (_BODY, [(-across, down) for across, down in _LEG], _LEG):
        body = _filled(points, x, scale, height, width, mirrored=points is _BODY)
        photo += body[..., None] * (np.array(SKIN, np.float32) - photo)
    alpha = _filled(_CUTS[cut], x, scale, height, width, mirrored=True)
    photo += alpha[..., None] * (np.array(colour, np.float32) - photo)
    photo += random.normal(0, 1.5, photo.shape)
    return photo.clip(0, 255).round().astype(np.uint8), np.round(alpha * 255).astype(np.uint8)


def draw_worn_set(folder: Path, dresses: int = 3, skirts: int = 3, **size: int) -> Path:
    """Write dresses and skirts on mannequins into `images` and `cutouts` of `folder`."""
    for number in range(dresses + skirts):
        photo, alpha = draw_worn(number, "dress" if number < dresses else "skirt", **size)
        write_image(folder / "images" / f"{number:03d}_Front.png", photo)
        write_image(folder / "cutouts" / f"{number:03d}_Front.png", np.dstack([photo, alpha]))
    return folder


def coloured(photo: np.ndarray, colour) -> np.ndarray:
    """Return where a photo has nearly this colour, in any light: bool [H, W]."""
    own = photo / np.maximum(photo.sum(axis=2, keepdims=True), 1.0)
    return np.abs(own - np.array(colour) / sum(colour)).max(axis=2) < 0.12


def _filled(points, x, scale, height, width, mirrored):
    outline = np.array(points)
    if mirrored:
        outline = np.concatenate([outline, (outline * (-1, 1))[::-1]])
    outline = (outline * (scale, 1) + (x, 0)) * height
    fine = np.zeros((8 * height, 8 * width), np.uint8)
    cv2.fillPoly(fine, [np.round(outline * 8).astype(np.int32)], 255)
    return cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
