"""What garments are placed on: white and grey grounds, the user's pictures, drawn walls and fabrics."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segmentation.images.compositing import cover
from segmentation.images.files import read_photo
from segmentation.synth.backdrop import draw_backdrop
from segmentation.synth.fabrics import design_fabric, weave
from segmentation.synth.paint import blurred, clouds, pick, stream
from segmentation.synth.room import design_room

SHARES = {"white": 0.16, "grey": 0.14, "wall": 0.2, "ground": 0.5}
"""How often each is used; a ground is one of the user's pictures, or a drawn fabric."""


def draw_scenery(
    width: int, height: int, pictures: Sequence[Path], rng: np.random.Generator
) -> tuple[np.ndarray, str]:
    """Return a background, float32 RGB [height, width, 3] in 0...1, and its kind, one of `SHARES`."""
    kind = pick(rng, SHARES)
    if kind in ("white", "grey"):
        return _sheet(width, height, 1.0 if kind == "white" else rng.uniform(0.78, 0.97), rng), kind
    if kind == "wall":
        room = design_room((int(rng.integers(1 << 30)),))
        return np.clip(draw_backdrop(room, width, height), 0, 1), kind
    if pictures:
        ground = _picture(pictures[int(rng.integers(len(pictures)))], width, height, rng)
    else:
        ground = _fabric(width, height, rng)
    return np.clip(ground * _light(width, height, rng)[..., None], 0, 1), kind


def _sheet(width: int, height: int, level: float, rng: np.random.Generator) -> np.ndarray:
    """Return a ground of one tone, plain or with the fall of a lamp."""
    sheet = np.full((height, width, 3), level, np.float32)
    if level < 1:
        sheet *= 1 + rng.uniform(-0.01, 0.01, 3).astype(np.float32)
        if rng.random() < 0.6:
            sheet *= _light(width, height, rng, 0.08)[..., None]
    return np.clip(sheet, 0, 1)


def _picture(path: Path, width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """Return a picture of a surface at some scale and turn, often a part of it, sometimes out of focus."""
    flipped = read_photo(path)[:, :: rng.choice([-1, 1])]
    picture = np.rot90(flipped, int(rng.integers(4)))
    rows, columns = picture.shape[:2]
    part = rng.uniform(0.55, 1)
    top, left = (rng.uniform(0, 1 - part) * np.array([rows, columns])).astype(int)
    picture = picture[top : top + max(2, int(part * rows)), left : left + max(2, int(part * columns))]
    ground = cover(np.ascontiguousarray(picture), height, width).astype(np.float32) / 255
    ground = blurred(ground, height * rng.choice([0, 0, rng.uniform(0.001, 0.006)]))
    faded = rng.uniform(0.5, 1)  # surfaces of rooms are calmer than samples of textures
    mean = ground.mean(axis=(0, 1))
    return mean + (ground - mean) * np.float32(faded)


def _fabric(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """Return a drawn sheet or carpet, mirrored until it fills the frame."""
    fabric = design_fabric((int(rng.integers(1 << 30)),))
    swatch, _, _ = weave(fabric, max(width, height) * rng.uniform(0.4, 1.2))
    tile = np.concatenate([swatch, swatch[:, ::-1]], axis=1)
    tile = np.concatenate([tile, tile[::-1]], axis=0)
    across, down = -(-width // tile.shape[1]), -(-height // tile.shape[0])
    return np.tile(tile, (down, across, 1))[:height, :width]


def _light(width: int, height: int, rng: np.random.Generator, strength: float = 0.25) -> np.ndarray:
    """Return uneven light on a surface, float32 [height, width], about 1."""
    key = stream(int(rng.integers(1 << 30)))
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)
    slope = key.uniform(-1, 1, 2).astype(np.float32)
    light = 1 + np.float32(strength * 0.4) * (slope[0] * y + slope[1] * x)
    return (light + np.float32(strength * 0.08) * clouds(key, (2, 2), (height, width), 2)).astype(np.float32)
