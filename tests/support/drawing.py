"""Tiny studio pairs that draw themselves: an elliptic garment before a plain, noisy background."""

from pathlib import Path

import numpy as np
from PIL import Image

from segmentation.core.samples import Sample
from segmentation.datasets.ground_truth import MaskFile

BACKGROUND, GARMENT = (205, 200, 195), (150, 40, 60)


def ellipse(height: int, width: int, centre=(0.5, 0.5), radii=(0.3, 0.25)) -> np.ndarray:
    """bool [height, width]; centre and radii (down, across) are fractions of the picture."""
    down, across = np.mgrid[:height, :width]
    down = ((down + 0.5) / height - centre[0]) / radii[0]
    across = ((across + 0.5) / width - centre[1]) / radii[1]
    return down**2 + across**2 <= 1


def draw_pair(seed: int, height: int = 64, width: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """A photo uint8 RGB [height, width, 3] and its alpha uint8 [height, width], 0 or 255."""
    random = np.random.default_rng(seed)
    mask = ellipse(height, width, random.uniform(0.42, 0.58, 2), random.uniform(0.18, 0.32, 2))
    photo = np.where(mask[..., np.newaxis], np.array(GARMENT), np.array(BACKGROUND))
    noise = random.integers(-12, 13, photo.shape)
    return (photo + noise).clip(0, 255).astype(np.uint8), np.where(mask, 255, 0).astype(np.uint8)


def draw_set(folder: Path, garments: int = 3, height: int = 64, width: int = 48) -> Path:
    """Write GARMENT_Front and GARMENT_Back of each garment into `images` and `cutouts` of `folder`."""
    for name in ("images", "cutouts"):
        (folder / name).mkdir(parents=True)
    for number in range(garments):
        for offset, view in enumerate(("Front", "Back")):
            photo, alpha = draw_pair(2 * number + offset, height, width)
            name = f"{number:03d}_{view}.png"
            Image.fromarray(photo).save(folder / "images" / name)
            Image.fromarray(np.dstack([photo, alpha])).save(folder / "cutouts" / name)
    return folder


def samples_of(folder: Path) -> list[Sample]:
    """The pairs of such a set, in the order of their names."""
    return [
        Sample(path.stem, path, MaskFile(folder / "cutouts" / path.name))
        for path in sorted((folder / "images").iterdir())
    ]
