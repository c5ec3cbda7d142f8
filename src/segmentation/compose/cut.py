"""The way `cut`: the skirt of a dress on a mannequin that is really bare above the waist."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from segmentation.compose.figure import LEVELS, Figure, Outline
from segmentation.compose.fitting import fitting
from segmentation.compose.hem import below
from segmentation.compose.placement import Placement, uncovered
from segmentation.compose.sources import Candidate, Composed, Loaded, Sources, Way
from segmentation.compose.worn import put_on

CUT = (0.28, 0.52)
"""The range in which a dress's waist is looked for, in shares of its height."""

_SCALES = (0.75, 1.3)
_EASE = (0.99, 1.05)  # the width of its waist, in widths of the other's
_STRETCH = (0.92, 1.25)  # skirts are longer or shorter
_TRIES = 6  # for each pair of photos
_MOST_UNCOVERED = 0.012  # by the outlines; the pixels decide
_LOWEST = 0.95  # in heights of the photo: where a skirt may end


def cut(dress: Loaded, skirt: Loaded, placement: Placement, rng: np.random.Generator) -> Composed | None:
    """Return the photo of a skirt with the lower part of a dress in its place, and its alpha.

    `placement.line` is where the dress is cut. None where the skirt would stick out.
    """
    if dress.figure is None or skirt.figure is None or placement.line is None:
        return None
    kept = below(placement.line, dress.alpha.shape, dress.figure.garment, rng)
    lower = np.round(dress.alpha * kept).astype(np.uint8)
    garment = (_with_edge(dress.photo, kept), lower)
    return put_on(skirt.photo, skirt.alpha, skirt.figure, garment, dress.figure.wall, placement, rng)


def _with_edge(photo: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the photo with the turned edge of a waistband: a line of shade along the top of what is kept."""
    from_top = np.cumsum(kept, axis=0) / len(photo)
    shade = 1 - 0.16 * np.exp(-from_top / 0.0012) - 0.05 * np.exp(-(((from_top - 0.02) / 0.0008) ** 2))
    return np.clip(photo * shade[..., None] + 0.5, 0, 255).astype(np.uint8)


def _place(dress: Figure, skirt: Figure, rng: np.random.Generator) -> Placement | None:
    """Return how a dress lies on a skirt when its waist is that of the skirt; None where it does not fit."""
    tried = (_at_a_waist(dress.garment, skirt.garment, rng) for _ in range(_TRIES))
    return next(filter(None, tried), None)


def _at_a_waist(dress: Outline, skirt: Outline, rng: np.random.Generator) -> Placement | None:
    line = dress.top + rng.uniform(*CUT) * dress.height
    top = skirt.top - 0.006  # over the waistband
    left, right = (float(edge[0]) for edge in dress.edges_at(np.array([line])))
    waistband = slice(LEVELS // 50, LEVELS // 20)
    wide = float(np.median(skirt.widths[waistband])) * rng.uniform(*_EASE)
    scale = wide / max(right - left, 1e-6)
    if not _SCALES[0] < scale < _SCALES[1]:
        return None
    middle = float(np.median(skirt.left[waistband] + skirt.right[waistband])) / 2
    stretch = rng.uniform(*_STRETCH)
    shift = middle - scale * (left + right) / 2
    placement = Placement(scale, shift, top - scale * stretch * line, line, stretch)
    lies = placement.outline(dress)
    fits = lies.bottom < _LOWEST and uncovered(skirt, lies) < _MOST_UNCOVERED
    return placement if fits else None


def _choose(sources: Sources, rng: np.random.Generator) -> Iterator[Candidate]:
    return fitting(sources.closed, sources.bare, _place, rng)


def _make(
    pairs: Sequence[Loaded], placement: Placement | None, rng: np.random.Generator, _: Sequence[Path]
) -> Composed | None:
    return cut(pairs[0], pairs[1], placement, rng) if placement else None


CUT_FROM_DRESS = Way(
    "dresses, and skirts on mannequins that are bare above, which a dress's lower part covers",
    True,
    _choose,
    _make,
)
