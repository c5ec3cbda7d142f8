"""Score functions made of score functions."""

import numpy as np

from segmentation.types import ScoreFn


def flipped(score: ScoreFn) -> ScoreFn:
    """The mean of the scores of a photo and of its mirror image, after the Carvana solution."""

    def average(photo: np.ndarray) -> np.ndarray:
        mirrored = score(np.ascontiguousarray(photo[:, ::-1]))[:, ::-1]
        return (score(photo) + mirrored) / 2

    return average
