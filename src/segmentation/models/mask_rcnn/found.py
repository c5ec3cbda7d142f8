"""The one output of the network: a row of figures for each object that was found."""

from dataclasses import dataclass

import numpy as np

MOST_OBJECTS = 32
"""The most objects that a network finds in a photo, and that it is shown in one in training."""

USUAL_SCORE = 0.5
"""The score from which something that was found is usually an object."""

MASK_PX = 28
"""The side of an object's mask, whatever the size of its box."""

BOX, SCORE, CLASS, MASK = slice(0, 4), 4, 5, 6
"""The layout of a row: `BOX` as fractions of the picture, then two numbers, then the mask from `MASK` on."""

ROW = MASK + MASK_PX**2


@dataclass(frozen=True)
class FoundObjects:
    """The objects that a network found in one picture, best first; K of them.

    `boxes` float32 [K, 4] are (top, left, bottom, right) as fractions of the picture, `scores` [K] in [0, 1],
    `classes` int [K] count from 1, `masks` [K, 28, 28] in [0, 1] fill the boxes.
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray
    masks: np.ndarray

    @classmethod
    def of_rows(cls, rows: np.ndarray, least_score: float = 0.0) -> "FoundObjects":
        """Return the objects of an output, float32 [K, ROW], with a score of at least `least_score`.

        Rows without a box that has an area are left out.
        """
        boxes = rows[:, BOX]
        there = (rows[:, SCORE] >= max(least_score, 1e-6)) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        rows = rows[there]
        return cls(
            rows[:, BOX],
            rows[:, SCORE],
            rows[:, CLASS].round().astype(int),
            rows[:, MASK:].reshape(-1, MASK_PX, MASK_PX),
        )
