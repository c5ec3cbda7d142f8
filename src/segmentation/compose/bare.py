"""The way `bare`: the upper part of a garment becomes the bare mannequin, and its opposites.

A network that saw only bare torsos above skirts would learn that skin colour above a hem is never garment. So
a part of the photos keep a garment of that colour, or open it over the mannequin.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from segmentation.compose.body import box_of, relief_of, repainted, undress
from segmentation.compose.figure import LEVELS, Figure, Outline
from segmentation.compose.hem import below
from segmentation.compose.placement import Placement
from segmentation.compose.sources import Candidate, Composed, Loaded, Sources, Way
from segmentation.images.decontamination import decontaminate
from segmentation.synth.paint import blurred, pick, wavy_line

SHARES = {"bare": 0.6, "skin-coloured": 0.2, "open": 0.2}
"""The share of photos of each kind."""

CUT = (0.28, 0.6)
"""The range of the line, in shares of the garment's height."""

_WIDEST = 1.15  # a body at the waist, in widths of the chest
_NECK = 0.02  # how far it rises above the garment, in heights of the photo, where one can tell its tone


def bare(
    photo: np.ndarray,
    alpha: np.ndarray,
    figure: Figure,
    rng: np.random.Generator,
    relief: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return a photo whose mannequin is bare above a line, or one of the opposites, and its alpha.

    `photo` is uint8 RGB [H, W, 3], `alpha` uint8 [H, W]; for `relief` see `relief_of`.
    """
    kind = pick(rng, SHARES)
    if kind == "skin-coloured":
        return skin_coloured(photo, alpha, figure, rng)
    kept = opening(alpha, figure, rng) if kind == "open" else below_waist(alpha, figure.garment, rng)
    return undress(photo, alpha, kept, figure, rng, relief)


def below_waist(alpha: np.ndarray, garment: Outline, rng: np.random.Generator) -> np.ndarray:
    """Return what lies below a line across the garment, float32 [H, W] in 0...1.

    The line lies above where the garment is much wider than at the chest, where no body would be.
    """
    shares = np.linspace(0, 1, LEVELS)
    chest = float(np.median(garment.widths[(shares > 0.1) & (shares < CUT[0])]))
    wide = (garment.widths > _WIDEST * chest) & (shares > CUT[0])
    lowest = min(CUT[1], float(shares[wide][0])) if wide.any() else CUT[1]
    row = garment.top + rng.uniform(CUT[0], max(CUT[0] + 0.02, lowest)) * garment.height
    return below(row, alpha.shape, garment, rng)


def opening(alpha: np.ndarray, figure: Figure, rng: np.random.Generator) -> np.ndarray:
    """Return what is left of a garment with an open front, float32 [H, W] in 0...1."""
    height, width = alpha.shape
    garment = figure.garment
    end = garment.top + rng.uniform(0.35, 0.62) * garment.height
    rows = np.arange(height) / height
    left, right = garment.edges_at(rows)
    middle = (left + right) / 2 * height + rng.normal(0, 0.02) * (right - left) * height
    down = np.clip((rows - garment.top) / (end - garment.top), 0, 1)
    widest = rng.uniform(0.16, 0.34)
    form = (
        np.sin(np.pi * np.clip(0.25 + 0.75 * down, 0, 1))
        if rng.random() < 0.5
        else 1 - down ** rng.uniform(0.8, 2)
    )
    half = widest * form * (right - left) * height / 2 * (rows < end)
    half = half * (1 + 0.05 * wavy_line(rng, 5, height))
    half = cv2.GaussianBlur(half[:, None], (1, 0), 1, sigmaY=0.004 * height)[:, 0]
    soft = max(1.0, height / 1200)
    distance = np.abs(np.arange(width)[None] - middle[:, None]) - half[:, None]
    closed = (half < soft)[:, None]
    return np.where(closed, 1, np.clip(distance / soft + 0.5, 0, 1)).astype(np.float32)


def skin_coloured(
    photo: np.ndarray, alpha: np.ndarray, figure: Figure, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return a photo whose garment has the mannequin's tone above a line, with its own folds and weave.

    Alpha stays as it is.
    """
    kept = (
        below_waist(alpha, figure.garment, rng) if rng.random() < 0.7 else np.zeros(alpha.shape, np.float32)
    )
    box = box_of(alpha, kept)
    if box is None:
        return photo.copy(), alpha.copy()
    share = alpha[box].astype(np.float32) * np.float32(1 / 255)
    cloth = decontaminate(photo[box], alpha[box])
    grey = cv2.cvtColor(cloth, cv2.COLOR_RGB2GRAY).astype(np.float32) + 50  # less of the dark
    sigma = 0.012 * len(photo)
    mean = blurred(grey * share, sigma) / np.maximum(blurred(share, sigma), 1e-3)
    usual = float(np.median(mean[share > 0.5])) if (share > 0.5).any() else 1.0
    detail = np.clip(grey / np.maximum(mean, 1), 0.6, 1.3) ** rng.uniform(0.5, 1.0)
    light = 1 + 0.12 * np.tanh((mean / usual - 1) * 3)
    tone = figure.tone * rng.uniform(0.9, 1.04) * rng.uniform(0.98, 1.02, 3)
    dyed = np.clip(tone.astype(np.float32) * (detail * light)[..., None], 0, 255)
    return repainted(photo, alpha, kept, dyed, box, figure, rng), alpha.copy()


def _choose(sources: Sources, rng: np.random.Generator) -> Iterator[Candidate]:
    closed = [source for source in sources.closed if _shows_neck(source.figure)]
    torsos = sources.bare
    if not closed:
        return
    garment = closed[rng.integers(len(closed))]
    if torsos and rng.random() < 0.85:
        yield Candidate((garment, torsos[rng.integers(len(torsos))]))
    yield Candidate((garment,))


def _shows_neck(figure: Figure | None) -> bool:
    return figure is not None and figure.torso.top < figure.garment.top - _NECK


def _make(
    pairs: Sequence[Loaded], _: Placement | None, rng: np.random.Generator, __: Sequence[Path]
) -> Composed | None:
    garment, *torso = pairs
    if garment.figure is None:
        return None
    relief = relief_of(torso[0].photo, torso[0].figure) if torso and torso[0].figure else None
    return bare(garment.photo, garment.alpha, garment.figure, rng, relief)


BARE = Way("dresses or tops on mannequins, closed in front, with the neck in sight", True, _choose, _make)
