"""The way `layered`: a picture with transparency over a background, whose alpha and colours stay known."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from segmentation.compose.depth import is_surface
from segmentation.compose.foreground import LARGEST_PX, framed, visible_part
from segmentation.compose.layers import Layers, laid_over
from segmentation.compose.placement import Placement
from segmentation.compose.scenery import ENLARGED_FAR, ENLARGED_NEAR, LEAST_PX, draw_behind
from segmentation.compose.sources import Candidate, Composed, Loaded, Sources, Way
from segmentation.images.files import read_photo

_FAR, _FAR_WHERE_CUT = 0.2, 0.75  # how often the background is out of focus; what is cut off lies on nothing
_LEAST_AREA = 0.12  # of the frame: hair has to be visible
_LEAST_NEAR_PX = LEAST_PX * ENLARGED_FAR / ENLARGED_NEAR


def layered(
    colours: np.ndarray, alpha: np.ndarray, backgrounds: Sequence[Path], rng: np.random.Generator
) -> Layers | None:
    """Return a foreground over one of the backgrounds, or a drawn one; None for an empty foreground.

    `colours`, RGB [H, W, 3], are its own, also under a soft `alpha` [H, W]; both are uint8 or uint16, and so
    are the layers. It lies on a surface, or before a scene that is out of focus. A background is enlarged
    only as far as its focus allows, so that a small one makes a small photo.
    """
    foreground = visible_part(colours, alpha, rng)
    if foreground is None:
        return None
    far = rng.random() < (_FAR_WHERE_CUT if any(foreground.cut) else _FAR)
    picture, longest_px = None, float(LARGEST_PX)
    if backgrounds:
        picture = read_photo(backgrounds[int(rng.integers(len(backgrounds)))])
        shorter = min(picture.shape[:2])
        far = far or shorter < _LEAST_NEAR_PX or not is_surface(picture)
        longest_px = min(longest_px, shorter * (ENLARGED_FAR if far else ENLARGED_NEAR))
    foreground = framed(foreground, rng, _LEAST_AREA, longest_px)
    height, width = foreground.alpha.shape
    return laid_over(foreground, draw_behind(width, height, picture, far, rng), rng, alpha.dtype.type)


def _choose(sources: Sources, rng: np.random.Generator) -> Iterator[Candidate]:
    if sources.foregrounds:
        yield Candidate((sources.foregrounds[rng.integers(len(sources.foregrounds))],))


def _make(
    pictures: Sequence[Loaded], _: Placement | None, rng: np.random.Generator, backgrounds: Sequence[Path]
) -> Composed | None:
    layers = layered(pictures[0].photo, pictures[0].alpha, backgrounds, rng)
    return (layers.photo, layers.cutout) if layers else None


LAYERED = Way(
    "pictures with transparency", False, _choose, _make, remedy="give `foregrounds`", transparent=True
)
