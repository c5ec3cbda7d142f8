"""Crops of training pairs: what an epoch spends on a photo goes where a mask is decided."""

from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.core.size import Size
from segmentation.training.augment import Augment
from segmentation.training.target_coding import TargetCoding

_WRONG = 128  # levels of 255 by which the guide of a second pass is off where it is wrong
_CENTRAL = 0.5  # of a crop's height and width: where the pixel that it is drawn around may lie
_SQUARE = np.ones((3, 3), np.uint8)


def off_centre(size: Size, random: np.random.Generator) -> np.ndarray:
    """Draw how far the middle of a crop is from the pixel that it shows: float64 [2], down and across."""
    return _CENTRAL * (random.random(2) - 0.5) * (size.height, size.width)


def corner_about(middle: np.ndarray, size: Size, shape: tuple[int, ...]) -> tuple[int, int]:
    """Return top and left of the crop of `size` about a place in a picture [H, W], wholly inside of it."""
    extent = np.array([size.height, size.width])
    top, left = np.clip(np.round(middle - extent / 2).astype(int), 0, np.subtract(shape[:2], extent))
    return int(top), int(left)


def fullest_part(mask: np.ndarray, size: Size) -> np.ndarray:
    """Return the middle, down and across, of the part of `size` that holds the most of a mask, bool [H, W].

    Of several the one in the middle of them all. The middle of the mask itself would be empty of a ring.
    """
    sums = cv2.integral(mask.astype(np.uint8))  # int32 [H + 1, W + 1], of all above and to the left
    rows, columns = size.height, size.width
    held = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns] + sums[:-rows, :-columns]
    corners = np.argwhere(held == held.max())
    nearest = np.abs(corners - corners.mean(axis=0)).sum(axis=1).argmin()
    return corners[nearest] + np.array([rows, columns]) / 2


@dataclass(frozen=True)
class Crops:
    """Random crops of `size` after a change of whole pairs; the same seed, the same crop.

    A share `focus` of them is drawn around a hard pixel: one on the outline of the ground truth or, every
    other time, one where the guide, the last channel of a `guided` picture, is wrong by a region. The others
    lie anywhere. After the hard examples of Shrivastava, Gupta and Girshick 2016.
    """

    size: Size
    focus: float
    coding: TargetCoding
    guided: bool
    change: Augment | None

    def __call__(self, image: np.ndarray, mask: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return crops: uint8 [H, W, C], uint8 [H, W], seed -> both at `size`, which is H x W at most."""
        if self.change:
            image, mask = self.change(image, mask, seed)
        random = np.random.default_rng((seed, 2))  # the other changes draw from the seed, and from (seed, 1)
        top, left = self._corner(image, mask, random)
        window = slice(top, top + self.size.height), slice(left, left + self.size.width)
        return image[window], mask[window]

    def _corner(self, image: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> tuple[int, int]:
        room = np.subtract(mask.shape, (self.size.height, self.size.width))
        hard = self._hard(image, mask, random) if random.random() < self.focus else None
        if hard is None or not hard.any():
            top, left = random.integers(room + 1)
            return int(top), int(left)
        pixel = random.choice(np.argwhere(hard))
        return corner_about(pixel - off_centre(self.size, random), self.size, mask.shape)

    def _hard(self, image: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return the pixels that are hard, bool [H, W]."""
        if self.guided and random.random() < 0.5:
            off = np.abs(image[..., -1].astype(np.int16) - mask) >= _WRONG
            wrong = cv2.erode(off.astype(np.uint8), _SQUARE)
            if wrong.any():
                return wrong.astype(bool)
        regions = self.coding.regions(mask)
        return cv2.morphologyEx(regions, cv2.MORPH_GRADIENT, _SQUARE) > 0
