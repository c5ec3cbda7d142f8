"""Strokes of a person, simulated for the training of a second pass, which has a channel for them.

As interactive segmentation does it (Xu et al., "Deep Interactive Object Selection", 2016; Sofiiuk, Petrov and
Konushin, "Reviving Iterative Training with Mask Guidance", 2022): most lie where the first scores are wrong.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.core.labels import HALF
from segmentation.preprocessing.preprocessing import NO_STROKE
from segmentation.training.augment import Augment

_AGREEING = 0.2  # share of the strokes that lie anywhere, like those by which a person protects correct parts
_MOST = 3  # strokes on a photo
_REACH = 0.25  # of the height: how far a stroke leads
_LARGEST = 0.04  # of the height: the radius of a stroke
_SQUARE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Strokes:
    """Changes of a pair, after which it has a channel of strokes; a `share` of these channels is not empty.

    It lies before the last channel, the first scores. The same seed, the same strokes.
    """

    share: float
    change: Augment | None

    def __call__(self, seen: np.ndarray, truth: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the changed pair: uint8 [H, W, C], [H, W] and a seed -> uint8 [H, W, C + 1], [H, W]."""
        if self.change:
            seen, truth = self.change(seen, truth, seed)
        random = np.random.default_rng((seed, 5))  # others draw from the seed and from (seed, 1) to (seed, 4)
        strokes = np.full(truth.shape, NO_STROKE, np.uint8)
        if random.random() < self.share:
            for _ in range(random.integers(1, _MOST + 1)):
                _draw_stroke(strokes, seen[..., -1], truth >= HALF, random)
        return np.dstack([seen[..., :-1], strokes, seen[..., -1]]), truth


def _draw_stroke(
    strokes: np.ndarray, scores: np.ndarray, garment: np.ndarray, random: np.random.Generator
) -> None:
    """Draw a stroke, 255 on what is `garment` and 0 on what is not, never beyond the one of the two.

    `strokes` and the first `scores` are uint8 [H, W]. It begins where the scores are wrong by more than an
    edge and no stroke says so yet, and mostly stays in that place.
    """
    wrong = cv2.erode(((scores >= HALF) != garment).astype(np.uint8), _SQUARE) & (strokes == NO_STROKE)
    if random.random() < _AGREEING or not wrong.any():
        wrong = np.ones_like(wrong)
    row, column = random.choice(np.argwhere(wrong))
    side = (garment == garment[row, column]).astype(np.uint8)
    _, labels = cv2.connectedComponents(side & wrong, connectivity=8)
    others = np.argwhere(labels == labels[row, column])
    reach = _REACH * len(strokes)
    near = others[np.abs(others - (row, column)).max(axis=1) <= reach]
    bends = [near[number] for number in random.integers(len(near), size=random.integers(1, 3))]
    deepest = cv2.distanceTransform(side, cv2.DIST_L2, cv2.DIST_MASK_5)[row, column]
    radius = random.uniform(0.5, max(1.0, min(deepest, _LARGEST * len(strokes))))
    line = np.array([(row, column), *bends], np.int32)[:, ::-1]  # x, y
    drawn = np.zeros_like(strokes)
    cv2.polylines(drawn, [line.reshape(-1, 1, 2)], False, 1, max(1, round(2 * radius)))
    strokes[(drawn & side) > 0] = 255 if garment[row, column] else 0
