"""The figure that epochs are judged by: how well the objects of a photo are detected and segmented."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from segmentation.models.mask_rcnn.found import BOX, MASK, MASK_PX, SCORE, USUAL_SCORE

Tensor = Any

_STEP = 2  # pixels of the input by which masks are compared


def object_dice() -> keras.metrics.Metric:
    """Return a new metric, the mean of `symmetric_best_dice` over photos."""
    return keras.metrics.MeanMetricWrapper(symmetric_best_dice, name="dice")


def symmetric_best_dice(targets: Mapping[str, Tensor], found: Tensor) -> Tensor:
    """Return the symmetric best Dice of each photo: [N] in [0, 1] (Scharr et al. 2016).

    Each object has the Dice of the found one that is most like it, and each found one that of the object most
    like it; of the two means the smaller counts, so that what is missed, invented or merged costs. Found
    objects are those with a score of at least USUAL_SCORE; `targets` are those of `ObjectLoss`. Where there
    is neither, the figure is 1.
    """
    numbers = ops.cast(targets["numbers"], "int32")[:, ::_STEP, ::_STEP]
    height, width = numbers.shape[1:]
    true = ops.cast(targets["classes"] > 0, "float32")  # [N, M]
    places = np.arange(1, true.shape[1] + 1, dtype=np.int32)
    masks = ops.cast(ops.equal(numbers[:, None], places[:, None, None]), "float32")  # [N, M, h, w]
    there = ops.cast(found[..., SCORE] >= USUAL_SCORE, "float32")  # [N, K]
    drawn = ops.cast(paste(found, height, width) >= 0.5, "float32") * there[..., None, None]
    masks, drawn = (ops.reshape(part, (-1, part.shape[1], height * width)) for part in (masks, drawn))
    shared = ops.matmul(masks, ops.transpose(drawn, (0, 2, 1)))  # [N, M, K]
    total = ops.sum(masks, axis=-1)[:, :, None] + ops.sum(drawn, axis=-1)[:, None]
    dice = 2 * shared / ops.maximum(total, 1.0)
    means = [
        ops.sum(ops.max(dice, axis=axis) * present, axis=-1) / ops.maximum(ops.sum(present, axis=-1), 1.0)
        for axis, present in ((2, true), (1, there))
    ]
    nothing = (ops.sum(true, axis=-1) + ops.sum(there, axis=-1)) == 0
    return ops.where(nothing, 1.0, ops.minimum(*means))


def paste(found: Tensor, height: int, width: int) -> Tensor:
    """Return the masks of objects in a picture of this size: [N, K, ROW] -> [N, K, height, width] in [0, 1].

    Between the middles of a mask's cells values are interpolated; outside of the box they are 0.
    """
    boxes = found[..., BOX]
    masks = ops.reshape(found[..., MASK:], (-1, found.shape[1], MASK_PX, MASK_PX))
    rows = _axis(boxes[..., 0], boxes[..., 2], height)  # [N, K, height, 28]
    columns = _axis(boxes[..., 1], boxes[..., 3], width)
    return ops.matmul(ops.matmul(rows, masks), ops.transpose(columns, (0, 1, 3, 2)))


def _axis(low: Tensor, high: Tensor, length: int) -> Tensor:
    """Return the weight of each cell at each of `length` pixels: two [N, K] -> [N, K, length, 28]."""
    middles = (np.arange(length, dtype=np.float32) + 0.5) / length
    low, side = low[..., None], ops.maximum(high - low, 1e-6)[..., None]
    share = (middles - low) / side  # [N, K, length], 0 to 1 inside of the box
    cells = ops.clip(share * MASK_PX - 0.5, 0.0, MASK_PX - 1.0)
    weights = ops.maximum(1.0 - ops.abs(cells[..., None] - np.arange(MASK_PX, dtype=np.float32)), 0.0)
    inside = ops.logical_and(share >= 0.0, share < 1.0)
    return weights * ops.cast(inside, "float32")[..., None]
