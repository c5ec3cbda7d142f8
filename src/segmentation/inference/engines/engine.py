"""A network on an engine, and the one way through it: prepare, score, back to the photo's size."""

import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
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

    _last: threading.local = field(default_factory=threading.local, init=False, repr=False, compare=False)

    def __call__(self, photo: np.ndarray) -> np.ndarray:
        """Score a photo: uint8 RGB [H, W, 3] of any size -> float32 [H, W, classes] in [0, 1], as large."""
        with timed("preprocess"):
            prepared = self.preprocessing.prepare(photo)  # [h, w, C]
        self._last.seen, self._last.prepared = weakref.ref(photo), prepared
        with timed("network"):
            scores = self.network(prepared[np.newaxis])[0]  # [h, w, classes]
        return self._enlarge(scores, photo)

    def mirrored(self, photo: np.ndarray) -> np.ndarray:
        """Score the mirror image of a cutout's photo and mirror the scores back.

        The photo that this thread scored last is not prepared again where it was made smaller: then what was
        prepared of it is mirrored. OpenCV enlarges mirror images in another way.
        """
        last = getattr(self._last, "seen", None)
        size = self.preprocessing.input_size
        shrunk = photo.shape[0] >= size.height and photo.shape[1] >= size.width
        if not (shrunk and self.preprocessing.shrink == "area" and last and last() is photo):
            return self(cv2.flip(photo, 1))[:, ::-1]
        prepared = self._last.prepared
        with timed("network"):
            scores = self.network(np.ascontiguousarray(prepared[:, ::-1])[np.newaxis])[0]
        return self._enlarge(scores[:, ::-1], photo)

    def _enlarge(self, scores: np.ndarray, photo: np.ndarray) -> np.ndarray:
        with timed("resize"):
            return resize_scores(scores, Size(*photo.shape[:2]), self.preprocessing.enlarge)
