"""A network of objects on an engine: what it finds, at the photo's size, and the scores that this makes."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from segmentation.core.labels import LabelMap
from segmentation.core.predictions import FoundObject
from segmentation.core.size import Size
from segmentation.core.timing import timed
from segmentation.inference.engines.engine import Engine
from segmentation.models.mask_rcnn.found import MASK_PX, USUAL_SCORE, FoundObjects

LEAST_SCORE = 0.05
"""The least score of a reported object: precision and recall are judged down to it."""


@dataclass(frozen=True)
class ObjectEngine(Engine):
    """An `Engine` whose network finds objects of the classes of `labels`.

    As a `ScoreFn` it cuts out all objects with a score of at least `least_score` together.
    """

    labels: LabelMap = LabelMap()
    least_score: float = USUAL_SCORE

    def find(self, photo: np.ndarray, least_score: float = LEAST_SCORE) -> tuple[FoundObject, ...]:
        """Return the objects of a photo, uint8 RGB [H, W, 3], with at least such a score, best first."""
        with timed("preprocess"):
            prepared = self.preprocessing.prepare(photo)[np.newaxis]
        with timed("network"):
            rows = self.network(prepared)[0]
        with timed("resize"):
            return objects_at(rows, Size(*photo.shape[:2]), self.labels, least_score)

    def __call__(self, photo: np.ndarray) -> np.ndarray:
        """Score a photo: uint8 RGB [H, W, 3] -> float32 [H, W, classes] in [0, 1]."""
        return self.score(self.find(photo, self.least_score), photo.shape)

    def mirrored(self, photo: np.ndarray) -> np.ndarray:
        """Score the mirror image of a photo and mirror the scores back."""
        return self(photo[:, ::-1])[:, ::-1]

    def score(self, found: tuple[FoundObject, ...], shape: tuple[int, ...]) -> np.ndarray:
        """Return the scores that objects make in a photo: float32 [H, W, classes] in [0, 1]."""
        return scores_of([one for one in found if one.score >= self.least_score], shape, self.labels)


def objects_at(
    rows: np.ndarray, size: Size, labels: LabelMap, least_score: float = LEAST_SCORE
) -> tuple[FoundObject, ...]:
    """Return the objects of a network's output, float32 [K, ROW], in a photo of this size, best first.

    Objects below `least_score` are left out, and so are those with a NaN. The scores between the middles of a
    mask's cells are interpolated.
    """
    rows = np.nan_to_num(rows, nan=0.0, posinf=0.0, neginf=0.0)
    found = FoundObjects.of_rows(rows, least_score)
    scale = np.array([size.height, size.width, size.height, size.width], np.float32)
    objects = []
    for box, score, kind, mask in zip(
        found.boxes.clip(0, 1) * scale, found.scores, found.classes, found.masks, strict=True
    ):
        top, left = np.floor(box[:2]).astype(int)
        bottom, right = np.minimum(np.ceil(box[2:]).astype(int), (size.height, size.width))
        if bottom <= top or right <= left:
            continue
        across, down = _cells(left, right, box[1], box[3]), _cells(top, bottom, box[0], box[2])
        places = np.meshgrid(across, down)
        scores = cv2.remap(np.ascontiguousarray(mask, np.float32), places[0], places[1], cv2.INTER_LINEAR)
        corners = (float(box[1]), float(box[0]), float(box[3]), float(box[2]))
        index = int(np.clip(kind, 1, len(labels.task.index_names) - 1))
        objects.append(
            FoundObject(corners, float(min(score, 1.0)), index, scores.clip(0, 1), int(top), int(left))
        )
    return tuple(sorted(objects, key=lambda one: -one.score))


def scores_of(objects: Sequence[FoundObject], shape: tuple[int, ...], labels: LabelMap) -> np.ndarray:
    """Return what objects make of each pixel: float32 [H, W, classes] in [0, 1].

    A class has the highest of its objects' scores; the background what the highest of all leaves.
    """
    classes = len(labels.names)
    scores = np.zeros((*shape[:2], classes), np.float32)
    for one in objects:
        window = scores[*one.window, 0 if labels.binary else one.index]
        np.maximum(window, one.scores, out=window)
    if not labels.binary:
        scores[..., 0] = 1 - scores[..., 1:].max(axis=-1)
    return scores


def _cells(start: int, end: int, low: float, high: float) -> np.ndarray:
    """Return the place of each pixel's middle in the cells of a mask that fills `low` to `high`."""
    shares = (np.arange(start, end, dtype=np.float32) + 0.5 - low) / max(high - low, 1e-6)
    return (shares * MASK_PX - 0.5).clip(0, MASK_PX - 1).astype(np.float32)
