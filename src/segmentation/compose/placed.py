"""The way `placed`: a garment alone, on a wall, a floor or a sheet, or on a ground as in a shop."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from segmentation.compose.grain import with_grain
from segmentation.compose.placement import Placement
from segmentation.compose.scenery import draw_scenery
from segmentation.compose.sources import Candidate, Composed, Loaded, Sources, Way
from segmentation.images.boxes import box_around
from segmentation.images.compositing import VISIBLE
from segmentation.images.decontamination import decontaminate
from segmentation.synth.paint import blurred

AREA = (0.05, 0.8)
"""Between which shares of the frame the garment's box has; most are in between."""

LARGEST_PX = 1728
SMALLEST_PX = 300
"""Of the frame's longer and shorter side."""

_MOST_ENLARGED = 1.25  # of the garment's own pixels
_SHAPES = (2 / 3, 3 / 4, 4 / 5, 1.0, 5 / 4, 4 / 3, 3 / 2)  # of frames, width by height


def placed(
    photo: np.ndarray, alpha: np.ndarray, backgrounds: Sequence[Path], rng: np.random.Generator
) -> Composed | None:
    """Return the garment of a photo before another background, and its alpha; None without a garment.

    `photo` is uint8 RGB [H, W, 3], `alpha` uint8 [H, W]. The frame has a shape and a size of its own.
    """
    garment = _cut_out(photo, alpha, rng)
    if garment is None:
        return None
    colours, share = _framed(*garment, rng)
    height, width = share.shape
    ground, kind = draw_scenery(width, height, backgrounds, rng)
    scene = ground * (1 - _shadow(share, kind, rng)[..., None])
    if kind != "white":
        colours = _lit(colours, share, ground, rng)
    picture = 255 * (scene + share[..., None] * (colours - scene))
    if kind != "white":
        picture = with_grain(picture, rng.uniform(0.2, 2.0), rng)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8), np.round(share * 255).astype(np.uint8)


def _cut_out(
    photo: np.ndarray, alpha: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the garment's own colours and alpha, turned a little: float32 in 0...1, cropped to it."""
    box = box_around(alpha > VISIBLE * 255, margin_px=2)
    if box is None:
        return None
    colours, share = (
        decontaminate(photo, alpha)[box].astype(np.float32) / 255,
        alpha[box].astype(np.float32) / 255,
    )
    if rng.random() < 0.5:
        colours, share = colours[:, ::-1], share[:, ::-1]
    angle = rng.normal(0, 5) if rng.random() < 0.7 else 0.0
    height, width = share.shape
    matrix = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), angle, 1)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (int(np.ceil(height * sin + width * cos)), int(np.ceil(height * cos + width * sin)))
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    flags = cv2.INTER_LINEAR
    level = cv2.warpAffine(
        np.ascontiguousarray(colours), matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    opacity = cv2.warpAffine(np.ascontiguousarray(share), matrix, size, flags=flags)
    inner = box_around(opacity > VISIBLE, margin_px=2)
    return None if inner is None else (level[inner], opacity[inner])


def _framed(
    colours: np.ndarray, share: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the garment somewhere in a frame of a random shape and size: float32 [H, W, 3] and [H, W]."""
    rows, columns = share.shape
    shape = _SHAPES[rng.integers(len(_SHAPES))]
    room = rng.uniform(0.86, 0.99)  # of the frame's side that the garment fills, at most
    most = min(room * room, rows / columns * shape * room**2, columns / rows / shape * room**2)
    area = min(most, float(np.exp(rng.uniform(*np.log(AREA)))) if rng.random() < 0.7 else rng.uniform(*AREA))
    longer = rng.uniform(SMALLEST_PX * 1.4, LARGEST_PX)
    largest = _MOST_ENLARGED * np.sqrt(rows * columns / area) / np.sqrt(min(shape, 1 / shape))
    longer = max(SMALLEST_PX / min(shape, 1 / shape), min(longer, largest))
    width, height = (round(longer * min(1.0, side)) for side in (shape, 1 / shape))
    scale = np.sqrt(area * width * height / (rows * columns))
    size = (min(width, max(1, round(columns * scale))), min(height, max(1, round(rows * scale))))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(colours, size, interpolation=interpolation)
    mask = np.clip(cv2.resize(share, size, interpolation=interpolation), 0, 1)
    left, top = (
        round((room_px - side) * np.clip(rng.normal(0.5, 0.22), 0, 1))
        for room_px, side in zip((width, height), size, strict=True)
    )
    borders = (top, height - top - size[1], left, width - left - size[0])
    return (
        cv2.copyMakeBorder(small, *borders, cv2.BORDER_REPLICATE),
        cv2.copyMakeBorder(mask, *borders, cv2.BORDER_CONSTANT, value=0),
    )


def _shadow(share: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Return how much light the garment takes from the ground, float32 [H, W] in 0...1."""
    if kind == "white" and rng.random() < 0.7:
        return np.zeros_like(share)
    height, width = share.shape
    unit = float(np.sqrt(share.sum())) + 1  # of the garment's own size
    strength = rng.uniform(0.15, 0.5) * (0.5 if kind in ("white", "grey") else 1.0)
    contact = blurred(share, max(0.8, 0.008 * unit))
    angle, distance = rng.uniform(0, 2 * np.pi), unit * rng.uniform(0.01, 0.06)
    move = np.array([[1, 0, distance * np.cos(angle)], [0, 1, distance * abs(np.sin(angle))]])
    drop = cv2.warpAffine(share, move, (width, height))
    drop = blurred(drop, unit * rng.uniform(0.015, 0.07))
    return np.clip(strength * (0.5 * contact + 0.8 * drop), 0, 0.85).astype(np.float32)


def _lit(colours: np.ndarray, share: np.ndarray, ground: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the garment's colours in the light of the ground, a little of which comes round its edge."""
    mean = ground.mean(axis=(0, 1))
    tint = 1 + 0.2 * (mean / max(float(mean.mean()), 1e-3) - 1)
    gain = rng.uniform(0.88, 1.05) * tint
    lit = np.clip(colours * gain.astype(np.float32), 0, 1)
    inside = blurred(share, max(0.7, 0.0012 * len(share)))
    wrap = (0.25 * np.clip(1 - inside, 0, 1) * share)[..., None]
    return lit + wrap * (blurred(ground, 0.01 * len(share)) - lit)


def _choose(sources: Sources, rng: np.random.Generator) -> Iterator[Candidate]:
    if sources.all:
        yield Candidate((sources.all[rng.integers(len(sources.all))],))


def _make(
    pairs: Sequence[Loaded], _: Placement | None, rng: np.random.Generator, backgrounds: Sequence[Path]
) -> Composed | None:
    return placed(pairs[0].photo, pairs[0].alpha, backgrounds, rng)


PLACED = Way("photos with a garment", False, _choose, _make)
