"""The way `dressed`: the garment of one photo on the mannequin, and in the room, of another."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from segmentation.compose.body import shoulders_down
from segmentation.compose.figure import Figure, Outline
from segmentation.compose.fitting import fitting
from segmentation.compose.placement import Placement, uncovered
from segmentation.compose.sources import Candidate, Composed, Loaded, Sources, Way
from segmentation.compose.worn import put_on

_SCALES = (0.75, 1.3)
_EASE = (0.99, 1.08)  # the width of the new garment, in widths of what it covers
_MOST_UNCOVERED = 0.012  # by the outlines; the pixels decide
_MOST_BODY = 0.04  # of a bare torso below its shoulders that may stick out
_LOWEST = 0.95  # in heights of the photo: where a garment may end


def dressed(
    garment: Loaded, mannequin: Loaded, placement: Placement, rng: np.random.Generator
) -> Composed | None:
    """Return the photo of a mannequin with the garment of another, and its alpha.

    None where the mannequin's own garment would stick out.
    """
    if garment.figure is None or mannequin.figure is None:
        return None
    new = (garment.photo, garment.alpha)
    light = garment.figure.wall
    return put_on(mannequin.photo, mannequin.alpha, mannequin.figure, new, light, placement, rng)


def _place(own: Figure, other: Figure, rng: np.random.Generator) -> Placement | None:
    """Return how a garment lies on another mannequin, necks and chests on each other; None without a fit."""
    body = shoulders_down(other.torso) if other.bare else other.garment
    scale = _upper(body)[0] / _upper(own.garment)[0] * rng.uniform(*_EASE)
    if not _SCALES[0] < scale < _SCALES[1]:
        return None
    right = _upper(body)[1] - scale * _upper(own.garment)[1]
    placement = Placement(scale, right, other.torso.top - scale * own.torso.top)
    lies = placement.outline(own.garment)
    fits = lies.bottom < _LOWEST and uncovered(other.garment, lies) < _MOST_UNCOVERED
    if fits and other.bare:
        fits = uncovered(_lower(body), lies) < _MOST_BODY
    return placement if fits else None


def _upper(outline: Outline) -> tuple[float, float]:
    """Return the width and the middle of a garment or a torso at the chest, in heights of the photo."""
    rows = outline.top + np.linspace(0.05, 0.12, 12)
    left, right = outline.edges_at(rows)
    return max(float(np.median(right - left)), 1e-6), float(np.median(left + right)) / 2


def _lower(torso: Outline) -> Outline:
    """Return a torso without its shoulders, over which no garment need reach."""
    return torso.below(torso.top + 0.35 * torso.height)


def _choose(sources: Sources, rng: np.random.Generator) -> Iterator[Candidate]:
    return fitting(sources.closed, sources.bare + sources.closed, _place, rng)


def _make(
    pairs: Sequence[Loaded], placement: Placement | None, rng: np.random.Generator, _: Sequence[Path]
) -> Composed | None:
    return dressed(pairs[0], pairs[1], placement, rng) if placement else None


DRESSED = Way(
    "garments on mannequins, and others on mannequins which they cover from the neck to the hem",
    True,
    _choose,
    _make,
)
