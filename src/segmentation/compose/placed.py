"""The way `placed`: a garment alone, on a wall, a floor or a sheet, or on a ground as in a shop."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from segmentation.compose.foreground import framed, visible_part
from segmentation.compose.layers import Layers, laid_over
from segmentation.compose.placement import Placement
from segmentation.compose.scenery import draw_shop
from segmentation.compose.sources import Candidate, Composed, Loaded, Sources, Way
from segmentation.images.decontamination import decontaminate

_LEAST_AREA = 0.05  # of the frame that a garment fills


def placed(
    photo: np.ndarray, alpha: np.ndarray, backgrounds: Sequence[Path], rng: np.random.Generator
) -> Layers | None:
    """Return the garment of a photo before another background; None without a garment.

    `photo` is uint8 RGB [H, W, 3], `alpha` uint8 [H, W]. The frame has a shape and a size of its own.
    """
    garment = visible_part(decontaminate(photo, alpha), alpha, rng)
    if garment is None:
        return None
    garment = framed(garment, rng, _LEAST_AREA)
    height, width = garment.alpha.shape
    return laid_over(garment, draw_shop(width, height, backgrounds, rng), rng)


def _choose(sources: Sources, rng: np.random.Generator) -> Iterator[Candidate]:
    if sources.all:
        yield Candidate((sources.all[rng.integers(len(sources.all))],))


def _make(
    pairs: Sequence[Loaded], _: Placement | None, rng: np.random.Generator, backgrounds: Sequence[Path]
) -> Composed | None:
    layers = placed(pairs[0].photo, pairs[0].alpha, backgrounds, rng)
    return (layers.photo, layers.alpha) if layers else None


PLACED = Way("photos with a garment", False, _choose, _make)
