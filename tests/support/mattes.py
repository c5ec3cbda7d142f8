"""Soft-edged pairs that draw themselves, with trimaps: a disc with strands before a plain, noisy ground."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from segmentation.images.trimaps import soft_trimap

FOREGROUND, GROUND = (150, 40, 60), (70, 150, 190)


def draw_matte(seed: int, height: int = 96, width: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """A photo uint8 RGB [height, width, 3] and its alpha uint8 [height, width], soft along strands."""
    random = np.random.default_rng(seed)
    alpha = np.zeros((height, width), np.float32)
    centre = width / 2 + random.uniform(-4, 4), height / 2 + random.uniform(-4, 4)
    for angle in random.uniform(0, 2 * np.pi, 24):
        length = width * random.uniform(0.3, 0.42)
        end = centre + length * np.array([np.cos(angle), np.sin(angle)])
        cv2.line(alpha, tuple(map(int, centre)), tuple(map(int, end)), 0.8, 1)
    cv2.circle(alpha, tuple(map(int, centre)), width // 4, 1.0, -1)
    alpha = cv2.GaussianBlur(alpha, (0, 0), 1.0)
    photo = alpha[..., None] * np.array(FOREGROUND) + (1 - alpha[..., None]) * np.array(GROUND)
    noise = random.integers(-10, 11, photo.shape)
    return (photo + noise).clip(0, 255).astype(np.uint8), np.round(alpha * 255).astype(np.uint8)


def draw_matte_set(folder: Path, count: int = 4, height: int = 96, width: int = 80) -> Path:
    """Write `images`, `alpha` and a wide `trimap1`, as alphamatting.com has them."""
    for name in ("images", "alpha", "trimap1"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        photo, alpha = draw_matte(number, height, width)
        name = f"GT{number:02d}.png"
        Image.fromarray(photo).save(folder / "images" / name)
        Image.fromarray(alpha).save(folder / "alpha" / name)
        Image.fromarray(soft_trimap(alpha, 0.05, 0.05)).save(folder / "trimap1" / name)
    return folder
