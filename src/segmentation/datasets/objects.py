"""The objects of a photo one by one, from whichever form a data set holds its ground truth in."""

from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.core.labels import HALF, IGNORED
from segmentation.core.samples import GroundTruth

MOST_NUMBERED = 254
"""The most objects of a photo that get a number; further ones, the smallest, are left out."""

_FEW = 64  # levels that a picture of objects may have where some of them are soft edges


@dataclass(frozen=True, eq=False)
class Objects:
    """The objects of one photo.

    `numbers` uint8 [H, W] has the number of each pixel's object, 0 where there is none; the object with the
    number n is of the class `classes[n - 1]`, counted from 1. Where objects overlap the smaller one lies on
    top.
    """

    numbers: np.ndarray
    classes: tuple[int, ...]

    @property
    def masks(self) -> list[np.ndarray]:
        """The mask of each object, bool [H, W]."""
        return [self.numbers == number for number in range(1, len(self.classes) + 1)]


def objects_of(truth: GroundTruth) -> Objects:
    """Return the objects of a ground truth.

    A mask of objects and a table distinguish them. A whole cutout or mask is one object, and each class of a
    label map is one. Raises what `GroundTruth.read` raises.
    """
    tell_apart = getattr(truth, "read_objects", None)
    if tell_apart:
        return tell_apart()
    targets = truth.read()
    if truth.coding is None or {*truth.coding.targets} <= {0, 255}:
        return number_masks([(targets >= HALF, 1)], targets.shape)
    classes = [index for index in np.unique(targets).tolist() if index not in (0, IGNORED)]
    return number_masks([(targets == index, index) for index in classes], targets.shape)


def number_masks(masks: list[tuple[np.ndarray, int]], shape: tuple[int, ...]) -> Objects:
    """Number masks, bool [H, W] with their classes, in their order; empty ones are left out."""
    areas = [int(mask.sum()) for mask, _ in masks]
    there = [place for place, area in enumerate(areas) if area]
    largest_first = sorted(there, key=lambda place: -areas[place])[:MOST_NUMBERED]
    kept = sorted(largest_first)
    number_of = {place: number for number, place in enumerate(kept, start=1)}
    numbers = np.zeros(shape, np.uint8)
    for place in largest_first:
        numbers[masks[place][0]] = number_of[place]
    return _without_hidden(numbers, [masks[place][1] for place in kept])


def number_values(values: np.ndarray) -> Objects:
    """Return the objects of a picture in which each value is an object: integers [H, W], 0 for none.

    A mask of a single object is known by its soft or hard white: of values up to 255 without two areas of
    different ones, those from 128 on are the object. In a picture of many values, those that only edges have
    are no objects. Of objects with soft edges only what is within them counts, since the value of an edge may
    be that of another object.
    """
    picture, square = values.astype(np.float32), np.ones((3, 3), np.uint8)  # exact for what 24 bits hold
    lowest, highest = cv2.erode(picture, square), cv2.dilate(picture, square)
    flat = lowest == highest
    levels, broad = np.unique(values), {*np.unique(values[flat]).tolist()} - {0}
    if HALF <= levels[-1] <= 255 and len(broad) < 2:
        return number_masks([(values >= HALF, 1)], values.shape)
    extreme = np.unique(values[(picture == lowest) | (picture == highest)])
    if len(levels) - len(extreme) > len(broad):  # most values are only ever between two others
        values = np.where(cv2.dilate(flat.astype(np.uint8), square) > 0, values, 0)
    levels, places = np.unique(values, return_inverse=True)
    kept = [level for level in levels.tolist() if level and (len(levels) <= _FEW or level in broad)]
    if len(kept) <= MOST_NUMBERED:
        number_of = np.zeros(len(levels), np.uint8)
        number_of[np.isin(levels, kept)] = np.arange(1, len(kept) + 1)
        return Objects(number_of[places].reshape(values.shape), (1,) * len(kept))
    return number_masks([(values == level, 1) for level in kept], values.shape)


def _without_hidden(numbers: np.ndarray, classes: list[int]) -> Objects:
    """Number anew where an object is hidden by others altogether."""
    seen = np.unique(numbers[numbers > 0])
    if len(seen) == len(classes):
        return Objects(numbers, tuple(classes))
    number_of = np.zeros(256, np.uint8)
    number_of[seen] = np.arange(1, len(seen) + 1)
    return Objects(number_of[numbers], tuple(classes[number - 1] for number in seen))
