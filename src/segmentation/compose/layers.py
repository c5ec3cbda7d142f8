"""A foreground over a background: exact layers, from which the photo is made by nothing but their alpha.

photo = alpha * foreground + (1 - alpha) * background, pixel by pixel in the stored values, as cutouts are
laid over backgrounds everywhere, rounded once. So everything that makes the two look like one photo happens
in the layers themselves: light, wrap and grain in the foreground, shadow, blur and grain in the background.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from segmentation.compose.foreground import Foreground
from segmentation.compose.grain import grain_field, grain_of
from segmentation.compose.light import light_of, lit, wrapped
from segmentation.compose.scenery import Scene
from segmentation.compose.shadow import shadow
from segmentation.images.compositing import blend
from segmentation.synth.camera import vignette

_GRAIN = (0.2, 1.5)  # standard deviation in levels of 0...255, of a camera without a photo to match
_WRAP = (1 / 900, 1 / 300)  # how far light comes round an edge, in heights of the frame, near and far behind


@dataclass(frozen=True)
class Layers:
    """A foreground and a background, RGB [H, W, 3], and alpha [H, W], all uint8 or all uint16."""

    colours: np.ndarray
    background: np.ndarray
    alpha: np.ndarray

    @cached_property
    def photo(self) -> np.ndarray:
        """RGB [H, W, 3]."""
        return blend(self.colours, self.background, self.alpha)

    @property
    def cutout(self) -> np.ndarray:
        """The foreground's own colours under its alpha, RGBA [H, W, 4]; all 0 where alpha is 0."""
        return np.dstack([self.colours * (self.alpha > 0)[..., None], self.alpha])


def laid_over(
    foreground: Foreground, scene: Scene, rng: np.random.Generator, dtype: type = np.uint8
) -> Layers:
    """Return the layers of a foreground in its frame and a scene of that size, as uint8 or uint16."""
    most = np.iinfo(dtype).max
    alpha = np.round(foreground.alpha * most) / np.float32(most)
    ground, colours = scene.picture, foreground.colours
    light = light_of(ground, rng)
    if scene.shadow:
        lies_on_it = not any(foreground.cut)
        ground = ground * (1 - shadow(alpha, light, scene.shadow, lies_on_it, rng))[..., None]
    if scene.is_photo:
        height = len(alpha)
        colours = lit(colours, alpha, light, rng)
        colours = wrapped(colours, alpha, ground, _WRAP[scene.far] * height)
        colours, ground = _by_one_camera(colours, ground, alpha, rng)
    colours, ground, alpha = (
        np.round(np.clip(field, 0, 1) * most).astype(dtype) for field in (colours, ground, alpha)
    )
    return Layers(colours, ground, alpha)


def _by_one_camera(
    colours: np.ndarray, ground: np.ndarray, alpha: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return both with the same dark corners and the same grain; each gets what it lacks of these."""
    height, width = alpha.shape
    corners = vignette(height, width, rng.uniform(0, 0.12))[..., None]
    colours, ground = (np.clip(picture * corners * 255, 0, 255) for picture in (colours, ground))
    own = grain_of(colours.astype(np.uint8), alpha), grain_of(ground.astype(np.uint8))
    grain = max(rng.uniform(*_GRAIN), min(own))  # what is finer in one alone is fur or weave
    lacking = [np.sqrt(max(0.0, grain**2 - one**2)) for one in own]
    field = grain_field(alpha.shape, rng)[..., None]
    return (colours + lacking[0] * field) / 255, (ground + lacking[1] * field) / 255
