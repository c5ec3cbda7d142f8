"""Colours that are easy to distinguish, one for each class. Numpy only."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

MOST = 255
CLOTHING = (
    *("background", "skin", "hair", "headwear", "top", "coat"),
    *("dress", "trousers", "skirt", "legwear", "shoes", "accessories"),
)
"""Names of classes whose colours are the same whatever other classes there are."""

_LEVELS = (0, 32, 64, 96, 128, 160, 192, 224, 255)
_WHITE_POINT = (0.95047, 1.0, 1.08883)  # D65
_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)  # from linear sRGB


def palette(count: int) -> tuple[tuple[int, int, int], ...]:
    """Return the first `count` of `MOST` different colours, uint8 RGB, black first and white never.

    Each is as far as possible, in CIELAB, from white and from all before it, so that the colour of an index
    is always the same. Raises ValueError for more than `MOST`.
    """
    if count > MOST:
        raise ValueError(f"palette: expected at most {MOST} colours, received {count}")
    return _all_colours()[:count]


def colours_of(names: Sequence[str]) -> tuple[tuple[int, int, int], ...]:
    """Return a colour of the palette for each class, black for the first, the background.

    Names of `CLOTHING` have the colours of their places there, which no other class then has; names without
    any of these have the first colours, in their order. Raises ValueError for more than `MOST`.
    """
    first, every = palette(len(names)), _all_colours()
    own = {name: every[CLOTHING.index(name)] for name in names[1:] if name in CLOTHING[1:]}
    if not own:
        return first
    reserved = every[1 : len(CLOTHING)]
    free = iter([*every[len(CLOTHING) :], *(colour for colour in reserved if colour not in own.values())])
    return (*first[:1], *(own.get(name) or next(free) for name in names[1:]))


@lru_cache(maxsize=1)
def _all_colours() -> tuple[tuple[int, int, int], ...]:
    candidates = np.array(np.meshgrid(_LEVELS, _LEVELS, _LEVELS, indexing="ij")).reshape(3, -1).T  # [N, 3]
    lab = _lab(candidates / 255.0)
    distance = np.linalg.norm(lab - lab[-1], axis=1)  # from white, the last
    chosen = [0]
    while len(chosen) < MOST:
        distance = np.minimum(distance, np.linalg.norm(lab - lab[chosen[-1]], axis=1))
        chosen.append(int(distance.argmax()))
    return tuple((int(red), int(green), int(blue)) for red, green, blue in candidates[chosen])


def _lab(colours: np.ndarray) -> np.ndarray:
    """Convert sRGB [N, 3] in [0, 1] to CIELAB [N, 3]."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.transpose(_TO_XYZ) / _WHITE_POINT
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (xyz * 24389 / 27 + 16) / 116).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)
