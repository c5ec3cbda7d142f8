"""Backgrounds for foregrounds: white and grey grounds, the user's pictures, drawn walls and fabrics."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segmentation.compose.depth import defocused
from segmentation.images.compositing import cover
from segmentation.images.files import read_photo
from segmentation.synth.backdrop import draw_backdrop
from segmentation.synth.fabrics import design_fabric, weave
from segmentation.synth.paint import blurred, clouds, pick, stream
from segmentation.synth.room import design_room
from segmentation.synth.surface import Light, shade

IN_A_SHOP = {"white": 0.16, "grey": 0.14, "wall": 0.2, "ground": 0.5}
"""The share of each for a garment alone; a ground is one of the user's pictures, or a drawn fabric."""

DRAWN = {"grey": 0.12, "wall": 0.23, "fabric": 0.65}
"""The share of each that is drawn where there are no pictures."""

ENLARGED_NEAR, ENLARGED_FAR = 1.6, 3.0
"""The most that a picture is enlarged, in focus and behind it, where nobody misses detail."""

LEAST_PX = 150
"""The least shorter side of a picture, so that the smallest frame does not enlarge it further."""

_BLUR = (0.002, 0.016)  # radius of what lies behind the focus, in heights of the frame
_LAMP = (0.15, 0.5)  # how much light a shadow takes in a shop, and elsewhere
_HARD_LAMP = (0.35, 0.75)
_DRAPE = 0.01  # how high cloth lies in waves, in heights of the frame


@dataclass(frozen=True)
class Scene:
    """A background, float32 RGB [H, W, 3] in 0...1.

    `shadow` is how strong one falls on it, 0 for none; `far` is whether it lies behind the focus; pure white
    is no photo, and has neither grain nor light of its own.
    """

    picture: np.ndarray
    shadow: float = 0.0
    far: bool = False
    is_photo: bool = True


def draw_shop(width: int, height: int, pictures: Sequence[Path], rng: np.random.Generator) -> Scene:
    """Return a scene for a garment alone, one of `IN_A_SHOP`."""
    kind = pick(rng, IN_A_SHOP)
    strength = rng.uniform(*_LAMP)
    if kind == "white":
        return Scene(
            np.ones((height, width, 3), np.float32), 0.5 * strength * (rng.random() > 0.7), False, False
        )
    if kind == "grey":
        return Scene(_sheet(width, height, rng), 0.5 * strength)
    if kind == "wall":
        return Scene(_wall(width, height, rng), strength)
    if not pictures:
        return Scene(_on(_fabric(width, height, rng), rng), strength)
    turned = np.rot90(read_photo(pictures[int(rng.integers(len(pictures)))]), int(rng.integers(4)))
    ground = _part(turned, width, height, rng.uniform(0.55, 1), rng)
    ground = blurred(ground, height * rng.choice([0, 0, rng.uniform(0.001, 0.006)]))
    mean = ground.mean(axis=(0, 1))  # surfaces of rooms are calmer than samples of textures
    return Scene(_on(mean + (ground - mean) * np.float32(rng.uniform(0.5, 1)), rng), strength)


def draw_behind(
    width: int, height: int, picture: np.ndarray | None, far: bool, rng: np.random.Generator
) -> Scene:
    """Return a scene of a picture, uint8 RGB [h, w, 3], or of `DRAWN`: a surface with a shadow, or `far`."""
    if picture is None:
        draw = {"grey": _sheet, "wall": _wall, "fabric": _fabric}[pick(rng, DRAWN)]
        ground = draw(width, height, rng)
        ground = ground if draw is _wall else _on(ground, rng)
    else:
        needed = max(width / picture.shape[1], height / picture.shape[0])
        most = ENLARGED_FAR if far else ENLARGED_NEAR
        part = rng.uniform(min(1.0, max(0.4, needed / most)), 1)
        ground = _on(_part(picture, width, height, part, rng), rng, 0.12)
    if far:
        return Scene(defocused(ground, height * float(np.exp(rng.uniform(*np.log(_BLUR))))), far=True)
    return Scene(ground, rng.uniform(*_HARD_LAMP))


def _sheet(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """Return a ground of one grey, plain or with the fall of a lamp."""
    sheet = np.full((height, width, 3), rng.uniform(0.78, 0.97), np.float32)
    sheet *= 1 + rng.uniform(-0.01, 0.01, 3).astype(np.float32)
    return _on(sheet, rng, 0.08) if rng.random() < 0.6 else sheet


def _wall(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """Return the wall and the floor of a drawn studio."""
    room = design_room((int(rng.integers(1 << 30)),))
    return np.clip(draw_backdrop(room, width, height), 0, 1)


def _part(picture: np.ndarray, width: int, height: int, part: float, rng: np.random.Generator) -> np.ndarray:
    """Return a part of a picture, by its sides, half of the time mirrored, that fills the frame."""
    picture = picture[:, :: rng.choice([-1, 1])]
    rows, columns = picture.shape[:2]
    top, left = (rng.uniform(0, 1 - part) * np.array([rows, columns])).astype(int)
    picture = picture[top : top + max(2, int(part * rows)), left : left + max(2, int(part * columns))]
    return cover(np.ascontiguousarray(picture), height, width).astype(np.float32) / 255


def _fabric(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """Return a drawn sheet or carpet, mirrored until it fills the frame, in flat waves."""
    fabric = design_fabric((int(rng.integers(1 << 30)),))
    scale_px = max(width, height) * rng.uniform(0.4, 1.2)
    swatch, _, _ = weave(fabric, scale_px)
    tile = np.concatenate([swatch, swatch[:, ::-1]], axis=1)
    tile = np.concatenate([tile, tile[::-1]], axis=0)
    across, down = -(-width // tile.shape[1]), -(-height // tile.shape[0])
    cloth = np.tile(tile, (down, across, 1))[:height, :width]
    cells = ((2, 7), (3, 5), (5, 3), (7, 2))[rng.integers(4)]
    high = min(fabric.crumple, 1.0) * _DRAPE * height / scale_px
    waves = clouds(rng, cells, (height, width), 2) * np.float32(high)
    lamp = Light(rng.uniform(-0.4, 0.4), rng.uniform(-0.4, -0.1), 0.5, 0.45, 0.15)
    diffuse, highlight = shade(waves, scale_px, lamp, fabric.power)
    shading = diffuse / max(float(diffuse.mean()), 1e-3)
    glossy = fabric.gloss * (highlight - highlight.mean())
    return np.clip(cloth * shading[..., None] + glossy[..., None], 0, 1)


def _on(surface: np.ndarray, rng: np.random.Generator, strength: float = 0.25) -> np.ndarray:
    """Return a surface, float32 RGB [H, W, 3] in 0...1, with uneven light on it."""
    height, width = surface.shape[:2]
    key = stream(int(rng.integers(1 << 30)))
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)
    slope = key.uniform(-1, 1, 2).astype(np.float32)
    light = 1 + np.float32(strength * 0.4) * (slope[0] * y + slope[1] * x)
    light += np.float32(strength * 0.08) * clouds(key, (2, 2), (height, width), 2)
    return np.clip(surface * light[..., None], 0, 1)
