"""A network on an engine, and the one way through it: prepare, score, back to the photo's size."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from segmentation.core.size import Size
from segmentation.core.timing import timed
from segmentation.preprocessing.pixels import resize_scores
from segmentation.preprocessing.preprocessing import Preprocessing

Network = Callable[[np.ndarray], np.ndarray]
"""uint8 [1, h, w, C], prepared -> float32 [1, h, w, classes] in [0, 1]; safe to call from threads."""


@dataclass(frozen=True)
class Engine:
    """A `ScoreFn` that says what computes it: `name` openvino or keras, `precision` f32 or bf16.

    `reason` is why it computes in that precision, empty where there was no choice.
    """

    name: str
    precision: str
    preprocessing: Preprocessing
    network: Network
    reason: str = ""

    def __call__(self, photo: np.ndarray) -> np.ndarray:
        """Score a photo: uint8 RGB [H, W, 3] of any size -> float32 [H, W, classes] in [0, 1], as large."""
        with timed("preprocess"):
            prepared = self.preprocessing.prepare(photo)[np.newaxis]  # [1, h, w, C]
        with timed("network"):
            scores = self.network(prepared)[0]  # [h, w, classes]
        with timed("resize"):
            return resize_scores(scores, Size(*photo.shape[:2]), self.preprocessing.enlarge)
