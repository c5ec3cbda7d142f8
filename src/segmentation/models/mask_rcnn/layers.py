"""The steps of the network that have no weights, as layers: proposals, detections, the output."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from segmentation.models.mask_rcnn import boxes as box_steps
from segmentation.models.mask_rcnn.boxes import HEAD_SCALES
from segmentation.models.mask_rcnn.found import MASK_PX, MOST_OBJECTS
from segmentation.models.mask_rcnn.suppression import keep_best

Tensor = Any

PROPOSALS = 100
"""The number of boxes of a photo that the heads look at."""

_BEST_OF_LEVEL = 200  # proposals of each level before suppression
_OVERLAP_OF_PROPOSALS, _OVERLAP_OF_OBJECTS = 0.7, 0.5
_CANDIDATES = 200  # pairs of box and class before suppression
_SUPPRESSED = 1e-6  # share that the score of a suppressed box keeps, so that it comes last


class Proposals(keras.layers.Layer):
    """The best boxes of the region proposal network: logits [N, A], steps [N, A, 4] -> [N, PROPOSALS, 4].

    `anchors` are those of each level; boxes are (top, left, bottom, right) in pixels of the input, `height` x
    `width`. The best of each level are suppressed together, where they overlap by 0.7 (Ren et al. 2015).
    """

    def __init__(self, anchors: Sequence[np.ndarray], height: int, width: int, **options: Any):
        super().__init__(dtype="float32", **options)
        self.anchors = tuple(anchors)
        self.height, self.width = height, width

    def call(self, inputs: list[Tensor]) -> Tensor:
        logits, steps = inputs
        start, found, scores = 0, [], []
        for anchors in self.anchors:
            part = slice(start, start := start + len(anchors))
            best, places = ops.top_k(logits[:, part], min(_BEST_OF_LEVEL, len(anchors)))
            chosen = ops.take(anchors, places, axis=0)
            found.append(box_steps.decode(take_each(steps[:, part], places), chosen))
            scores.append(ops.sigmoid(best))
        candidates = box_steps.clip(ops.concatenate(found, axis=1), self.height, self.width)
        scores, order = ops.top_k(ops.concatenate(scores, axis=1), sum(part.shape[1] for part in found))
        candidates = take_each(candidates, order)
        kept = keep_best(candidates, _OVERLAP_OF_PROPOSALS)
        _, best = ops.top_k(ops.where(kept > 0, scores, scores * _SUPPRESSED), self.count)
        return ops.stop_gradient(take_each(candidates, best))

    @property
    def count(self) -> int:
        """Return the number of boxes that it gives; a very small picture has fewer anchors."""
        return min(PROPOSALS, sum(min(_BEST_OF_LEVEL, len(anchors)) for anchors in self.anchors))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (input_shape[0][0], self.count, 4)


class Detections(keras.layers.Layer):
    """The objects of a photo, best first, without their masks: -> [N, MOST_OBJECTS, 6].

    Takes proposals [N, P, 4], logits of the background and each class [N, P, 1 + classes], and steps of the
    boxes [N, P, 4]. A row is a box in pixels, a score and a class, counted from 1. Boxes of a class that
    overlap a better one by half are suppressed: they come last, with next to no score.
    """

    def __init__(self, height: int, width: int, **options: Any):
        super().__init__(dtype="float32", **options)
        self.height, self.width = height, width

    def call(self, inputs: list[Tensor]) -> Tensor:
        proposals, logits, steps = inputs
        found = box_steps.clip(
            box_steps.decode(steps, proposals, HEAD_SCALES), self.height, self.width
        )  # [N, P, 4]
        scores = ops.softmax(logits)[..., 1:]  # [N, P, classes]
        _, count, classes = scores.shape
        best, order = ops.top_k(ops.reshape(scores, (-1, count * classes)), min(_CANDIDATES, count * classes))
        found = take_each(found, order // classes)
        numbers = ops.cast(order % classes, "float32")[..., np.newaxis]
        # boxes of different classes are moved apart, so that they do not suppress each other
        kept = keep_best(found + numbers * 2.0 * max(self.height, self.width), _OVERLAP_OF_OBJECTS)
        best = ops.where(kept > 0, best, best * _SUPPRESSED)
        scores, order = ops.top_k(best, min(MOST_OBJECTS, best.shape[1]))
        rows = ops.concatenate(
            [take_each(found, order), scores[..., np.newaxis], take_each(numbers, order) + 1.0], axis=-1
        )
        missing = MOST_OBJECTS - rows.shape[1]
        return ops.pad(rows, ((0, 0), (0, missing), (0, 0))) if missing else rows

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (input_shape[0][0], MOST_OBJECTS, 6)


class BoxesOf(keras.layers.Layer):
    """The boxes of detections: [N, K, 6] -> [N, K, 4]."""

    def __init__(self, **options: Any):
        super().__init__(dtype="float32", **options)

    def call(self, detections: Tensor) -> Tensor:
        return detections[..., :4]


class Output(keras.layers.Layer):
    """The rows of `found`: detections [N, K, 6], logits of masks [N, K, 28, 28, classes] -> [N, K, ROW].

    The mask of a row is that of its class.
    """

    def __init__(self, height: int, width: int, **options: Any):
        super().__init__(dtype="float32", **options)
        self.size = np.array([height, width, height, width], np.float32)

    def call(self, inputs: list[Tensor]) -> Tensor:
        detections, logits = inputs
        masks = ops.sigmoid(mask_of_class(logits, detections[..., 5] - 1.0))  # [N, K, 28, 28]
        masks = ops.reshape(masks, (-1, MOST_OBJECTS, MASK_PX**2))
        return ops.concatenate([detections[..., :4] / self.size, detections[..., 4:], masks], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (input_shape[0][0], MOST_OBJECTS, 6 + MASK_PX**2)


def mask_of_class(logits: Tensor, classes: Tensor) -> Tensor:
    """Return the mask of one class of each region: [N, R, h, w, C], classes [N, R] from 0 -> [N, R, h, w]."""
    count = logits.shape[-1]
    if count == 1:
        return logits[..., 0]
    chosen = ops.cast(ops.abs(classes[..., np.newaxis] - np.arange(count, dtype=np.float32)) < 0.5, "float32")
    return ops.sum(logits * chosen[:, :, np.newaxis, np.newaxis], axis=-1)


def take_each(values: Tensor, places: Tensor) -> Tensor:
    """Return the rows at `places` of each photo: [N, A, D], int [N, B] -> [N, B, D]."""
    return ops.take_along_axis(values, places[..., np.newaxis], axis=1)
