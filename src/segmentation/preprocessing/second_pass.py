"""The input of a double pass's second network: the photo's region that the first network's scores point to.

From the capstone, whose second network saw the photo blanked outside of the first mask, dilated. Cutting the
region of that mask out instead shows it larger, which sharpens the edge.
"""

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.config.second_pass import SecondPassConfig
from segmentation.core.boxes import Box
from segmentation.core.size import REFERENCE_HEIGHT_PX, Size
from segmentation.images.channels import add_channel
from segmentation.images.regions import regions_of
from segmentation.preprocessing.pixels import resize

_SPECK = 0.02  # of the largest region's area: smaller ones do not widen the region to look at
_MARGINS = (0.4, 1.8)  # of the margin, while training: a first mask may be too small or too large
_MOST_SHIFT = 0.05  # of the region's height and width, while training
_ROOM = 3  # margins about a place that has to be visible: as far as an object there may reach
_STAGE_MARGIN = 1.5 * _MARGINS[1]  # of the margin: room for the widest one, shifted


@dataclass(frozen=True)
class SecondPassView:
    """A view: `crop`, the region of the first mask, or `mask`, the photo blanked outside of the dilated mask.

    `margin_px` belongs to photos 1728 pixels high; `threshold` turns the first scores into a mask; `shape` is
    the second network's input.
    """

    kind: str
    margin_px: float
    threshold: float
    shape: Size

    @classmethod
    def from_config(cls, config: SecondPassConfig, threshold: float, shape: Size) -> "SecondPassView":
        return cls(config.look, config.margin_px, threshold, shape)

    def region(self, scores: np.ndarray) -> Box | None:
        """Return the region to look at by first scores, float32 [H, W, 1]; None if they found nothing."""
        mask = scores[..., 0] >= self.threshold
        if self.kind == "mask":
            return Box.between(0, 0, *mask.shape) if mask.any() else None
        return region_of(mask, self._margin(mask), self.shape)

    def region_with(self, scores: np.ndarray, place: Box) -> Box:
        """Return the region to look at by these first scores, extended to show a place with room about it."""
        found, limits = self.region(scores), scores.shape[:2]
        if self.kind == "mask":
            return Box.between(0, 0, *limits)
        around = framed(place, _ROOM * self._margin(scores), self.shape, limits)
        return framed(around.joined(found), 0, self.shape, limits) if found else around

    @property
    def blanks(self) -> bool:
        """True where there may be pixels that are blanked."""
        return self.kind == "mask"

    def keep(self, scores: np.ndarray) -> np.ndarray:
        """Return the pixels that are not blanked, in a whole photo or in a region of it: bool [H, W, 1]."""
        if self.kind == "crop":
            return np.ones(scores.shape, bool)
        return dilated(scores[..., 0] >= self.threshold, self._margin(scores))[..., np.newaxis]

    def widest(self, seen: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what of uint8 [H, W, 4] (`with_scores`) and [H, W] is enough for every `frame`."""
        if self.kind == "mask":
            return seen, target
        size = Size(REFERENCE_HEIGHT_PX, round(target.shape[1] * REFERENCE_HEIGHT_PX / len(target)))
        seen, target = resize(seen, size), resize(target, size)
        region = region_of(self._mask(seen), self.margin_px * _STAGE_MARGIN, self.shape)
        return (seen[region.slices], target[region.slices]) if region else (seen, target)

    def frame(
        self, seen: np.ndarray, target: np.ndarray, random: np.random.Generator | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Cut the region to look at out of a stage, a little wrong at random, exactly without `random`."""
        if self.kind == "mask":
            return seen, target
        margin = self.margin_px * (random.uniform(*_MARGINS) if random else 1.0)
        region = region_of(self._mask(seen), margin, self.shape)
        if region is None:
            return seen, target
        if random:
            region = _shifted(region, target.shape, random.uniform(-_MOST_SHIFT, _MOST_SHIFT, 2))
        return seen[region.slices], target[region.slices]

    def blank(self, seen: np.ndarray, random: np.random.Generator | None) -> np.ndarray:
        """Blank what `keep` does not, of a whole photo, with a random margin or the exact one."""
        if self.kind == "crop":
            return seen
        margin_px = self.margin_px * (random.uniform(*_MARGINS) if random else 1.0)
        scores = seen[..., -1:].astype(np.float32) / 255.0
        return seen * dataclasses.replace(self, margin_px=margin_px).keep(scores)

    def _margin(self, photo: np.ndarray) -> float:
        """Return the margin in pixels of a whole photo, or of anything of its height."""
        return self.margin_px * len(photo) / REFERENCE_HEIGHT_PX

    def _mask(self, seen: np.ndarray) -> np.ndarray:
        return seen[..., -1] >= self.threshold * 255.0


def with_scores(photo: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Add the scores as a channel: uint8 RGB [H, W, 3], float32 [H, W, 1] in [0, 1] -> uint8 [H, W, 4]."""
    return add_channel(photo, in_8_bits(scores))


def in_8_bits(scores: np.ndarray) -> np.ndarray:
    """Return scores in [0, 1], float32 [H, W, 1], as a second pass sees them: uint8 [H, W, 1], 255 for 1."""
    return cv2.convertScaleAbs(scores, alpha=255.0).reshape(scores.shape)


def region_of(mask: np.ndarray, margin: float, shape: Size) -> Box | None:
    """Return the box around a bool mask [H, W] and a margin, in the proportions of `shape` if they fit.

    The margin is in pixels of the mask. None for an empty mask. Specks beside a large region are left out.
    """
    found = _bounds(mask)
    if found is None:
        return None
    top, bottom, left, right = found
    return framed(Box.between(top, left, bottom, right), margin, shape, mask.shape)


def framed(region: Box, margin: float, shape: Size, limits: tuple[int, int]) -> Box:
    """Return a box with a margin, as `region_of` does, in a photo of `limits`, height and width."""
    height, width = limits
    top, bottom = region.top - margin, region.bottom + margin
    left, right = region.left - margin, region.right + margin
    tall, wide = bottom - top, right - left
    rows = max(tall, wide * shape.height / shape.width)
    columns = max(wide, tall * shape.width / shape.height)
    top, bottom = _span((top + bottom) / 2, rows, height)
    left, right = _span((left + right) / 2, columns, width)
    return Box.between(top, left, bottom, right)


def dilated(mask: np.ndarray, margin: float) -> np.ndarray:
    """Return a mask, bool [H, W], grown by `margin` pixels in every direction."""
    if not mask.any():
        return mask
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distance <= margin


def _bounds(mask: np.ndarray) -> tuple[int, int, int, int] | None:
    """Return top, bottom, left and right of the regions that are no specks; None if there are none."""
    regions = _regions(mask)
    if not len(regions):
        return None
    left, top, width, height = regions.T[: cv2.CC_STAT_AREA]
    return int(top.min()), int((top + height).max()), int(left.min()), int((left + width).max())


def _regions(mask: np.ndarray) -> np.ndarray:
    """Return OpenCV's statistics [N, 5] of the regions that are no specks."""
    regions = regions_of(mask)
    areas = regions[:, cv2.CC_STAT_AREA]
    return regions[areas >= _SPECK * areas.max(initial=0)]


def _span(centre: float, length: float, limit: int) -> tuple[int, int]:
    """Return whole pixels of `length` about `centre`, moved into 0 to `limit` or cut where it is longer."""
    length = min(round(length), limit)
    start = min(max(round(centre - length / 2), 0), limit - length)
    return start, start + length


def _shifted(region: Box, limits: tuple[int, int], share: np.ndarray) -> Box:
    """Return the region moved by shares of its own height and width, and cut off at the limits."""
    down, across = round(share[0] * region.height), round(share[1] * region.width)
    top, left = max(region.top + down, 0), max(region.left + across, 0)
    return Box.between(top, left, min(region.bottom + down, limits[0]), min(region.right + across, limits[1]))
