"""Crops of training pairs: what an epoch spends on a photo goes where a mask is decided."""

from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.core.size import Size
from segmentation.training.augment import Augment
from segmentation.training.task import Task

_WRONG = 128  # levels of 255 by which the guide of a second pass is off where it is wrong
_CENTRAL = 0.5  # of a crop's height and width: where the pixel that it is drawn around may lie
_SQUARE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Crops:
    """Random crops of `size` after a change of whole pairs; the same seed, the same crop.

    A share `focus` of them is drawn around a hard pixel: one on the outline of the ground truth or, every
    other time, one where the guide, the last channel of a `guided` picture, is wrong by a region. The others
    lie anywhere. After the hard examples of Shrivastava, Gupta and Girshick 2016.
    """

    size: Size
    focus: float
    task: Task
    guided: bool
    change: Augment | None

    def __call__(self, image: np.ndarray, mask: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """uint8 [H, W, C], uint8 [H, W], seed -> both at `size`, which is H x W at most."""
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
        place = 0.5 + _CENTRAL * (random.random(2) - 0.5)  # of the pixel in the crop, down and across
        corner = np.round(pixel - place * (self.size.height, self.size.width)).astype(int)
        top, left = np.clip(corner, 0, room)
        return int(top), int(left)

    def _hard(self, image: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """bool [H, W]"""
        if self.guided and random.random() < 0.5:
            off = np.abs(image[..., -1].astype(np.int16) - mask) >= _WRONG
            wrong = cv2.erode(off.astype(np.uint8), _SQUARE)
            if wrong.any():
                return wrong.astype(bool)
        regions = self.task.regions(mask)
        return cv2.morphologyEx(regions, cv2.MORPH_GRADIENT, _SQUARE) > 0
