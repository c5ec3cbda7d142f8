"""The way `turned`: a photo from the front, as if the mannequin were turned on its plate.

A mannequin that turns becomes narrower, its far side more than its near one, and its hems slant, since the
camera stands at the height of its waist. The wall does not turn: it is stretched to where the mannequin was.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from segmentation.compose.figure import Outline, outline_of
from segmentation.compose.grain import grain_of, with_grain
from segmentation.compose.placement import Placement
from segmentation.compose.sources import Candidate, Composed, Loaded, Sources, Way
from segmentation.images.compositing import VISIBLE
from segmentation.synth.paint import noise

NARROWER = (0.62, 0.9)
"""The width of a turned mannequin, in widths from the front."""

UNEVEN = 0.35
"""The most by which the far side is narrower, and the near one wider."""

SLANT = 0.05
"""The slope of hems at the farthest from the camera's height."""

_REACH = 1.25  # of the garment's half width: what turns, with the mannequin's shoulders and legs


def turned(photo: np.ndarray, alpha: np.ndarray, rng: np.random.Generator) -> Composed | None:
    """Return a photo and its alpha, both turned by the same smooth warp, or None without a garment.

    `photo` is uint8 RGB [H, W, 3], `alpha` uint8 [H, W].
    """
    outline = outline_of(alpha > VISIBLE * 255)
    if outline is None:
        return None
    x, y = _warp(outline, alpha.shape, rng)
    moved = cv2.remap(photo, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    opacity = cv2.remap(alpha, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lost = np.sqrt(max(0.0, grain_of(photo) ** 2 - grain_of(moved) ** 2))  # interpolation smooths
    return np.clip(with_grain(moved, lost, rng) + 0.5, 0, 255).astype(np.uint8), opacity


def _warp(
    outline: Outline, shape: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return where each pixel comes from, float32 [H, W] columns and rows."""
    height, width = shape
    narrower, side = rng.uniform(*NARROWER), rng.choice([-1, 1])
    uneven = side * rng.uniform(0.3, 1) * UNEVEN * (1 - narrower) / (1 - NARROWER[0])
    slant = side * rng.uniform(0.2, 1) * SLANT
    centre = outline.centre * height
    reach = _REACH * float(outline.widths.max()) / 2 * height
    across = _across(centre, reach, width, narrower, uneven)
    rows, columns = np.arange(height, dtype=np.float32)[:, None], across[None].astype(np.float32)
    eye = (outline.top + rng.uniform(0.2, 0.6) * outline.height) * height
    away = (columns - centre) / reach
    turning = np.exp(-0.5 * np.maximum(np.abs(away) - 0.8, 0) ** 2 / 0.3**2)
    above = np.clip((rows - eye) / max(1.0, outline.height * height), -1, 1)
    down = slant * (columns - centre) * above * turning
    sway = (
        0.012 * height * rng.uniform(0, 1) * noise(rng, (3, 1), (height, 1))
    )  # it is not symmetric any more
    bulge = 0.05 * reach * noise(rng, (5, 3), (height, width))
    x = columns + (sway + bulge) * turning
    return x.astype(np.float32), (rows - down).astype(np.float32)


def _across(centre: float, reach: float, width: int, narrower: float, uneven: float) -> np.ndarray:
    """Return the column from which each column comes, float64 [width], rising, ends at ends.

    The middle `reach` to both sides of the centre shrink to `narrower`, unevenly; the rest makes up for it.
    """
    half = np.linspace(-1, 1, 41)
    inner_to = centre + reach * narrower * half
    inner_from = centre + reach * (half + uneven * (1 - half**2) / 2)
    room_left, room_right = max(centre - reach, 1.0), max(width - 1 - centre - reach, 1.0)
    outer_left, outer_right = min(room_left, 2.5 * reach), min(room_right, 2.5 * reach)
    knots_to = np.concatenate([[centre - reach - outer_left], inner_to, [centre + reach + outer_right]])
    knots_from = np.concatenate([[centre - reach - outer_left], inner_from, [centre + reach + outer_right]])
    columns = np.arange(width, dtype=np.float64)
    found = np.interp(columns, knots_to, knots_from)
    found = np.where((columns < knots_to[0]) | (columns > knots_to[-1]), columns, found)
    smooth = max(1.0, 0.06 * reach)
    return cv2.GaussianBlur(found[None], (0, 0), smooth, borderType=cv2.BORDER_REPLICATE)[0]


def _choose(sources: Sources, rng: np.random.Generator) -> Iterator[Candidate]:
    found = [source for source in sources.worn if source.figure]
    if found:
        yield Candidate((found[rng.integers(len(found))],))


def _make(
    pairs: Sequence[Loaded], _: Placement | None, rng: np.random.Generator, __: Sequence[Path]
) -> Composed | None:
    return turned(pairs[0].photo, pairs[0].alpha, rng)


TURNED = Way("photos of garments on mannequins, whose neck or shoulders can be seen", True, _choose, _make)
