"""Boxes (top, left, bottom, right): areas, overlaps, and the steps from one box to another."""

from typing import Any

import numpy as np
from keras import ops

Tensor = Any

RPN_SCALES = (1.0, 1.0, 1.0, 1.0)
HEAD_SCALES = (10.0, 10.0, 5.0, 5.0)
"""The factors that scale steps: those from proposals to objects are small (Girshick 2015)."""

_LARGEST_GROWTH = float(
    np.log(1000 / 16)
)  # of a side, as a logarithm: an untrained network must not overflow
_LEAST_SIDE_PX = 1e-3


def iou_matrix(boxes: Tensor, others: Tensor) -> Tensor:
    """Return the intersection over union of all pairs: [..., A, 4], [..., B, 4] -> [..., A, B] in [0, 1]."""
    first, second = ops.expand_dims(boxes, -2), ops.expand_dims(others, -3)
    low = ops.maximum(first[..., :2], second[..., :2])
    high = ops.minimum(first[..., 2:], second[..., 2:])
    shared = ops.maximum(high - low, 0.0)
    overlap = shared[..., 0] * shared[..., 1]
    union = areas(first) + areas(second) - overlap
    return overlap / ops.maximum(union, 1e-6)


def areas(boxes: Tensor) -> Tensor:
    """Return the areas: [..., 4] -> [...]."""
    return ops.maximum(boxes[..., 2] - boxes[..., 0], 0.0) * ops.maximum(boxes[..., 3] - boxes[..., 1], 0.0)


def encode(boxes: Tensor, references: Tensor, scales: tuple[float, ...] = RPN_SCALES) -> Tensor:
    """Return the steps from `references` to `boxes`: both [..., 4] -> [..., 4].

    The step of a centre is in sides of the reference, that of a side is a logarithm (Girshick et al. 2014).
    """
    centre, side = _centre_and_side(boxes)
    from_centre, from_side = _centre_and_side(references)
    steps = ops.concatenate([(centre - from_centre) / from_side, ops.log(side / from_side)], axis=-1)
    return steps * np.asarray(scales, np.float32)


def decode(steps: Tensor, references: Tensor, scales: tuple[float, ...] = RPN_SCALES) -> Tensor:
    """Return the boxes that `steps` lead to from `references`, the inverse of `encode`."""
    steps = steps / np.asarray(scales, np.float32)
    from_centre, from_side = _centre_and_side(references)
    centre = from_centre + steps[..., :2] * from_side
    half = ops.exp(ops.minimum(steps[..., 2:], _LARGEST_GROWTH)) * from_side / 2
    return ops.concatenate([centre - half, centre + half], axis=-1)


def clip(boxes: Tensor, height: int, width: int) -> Tensor:
    """Return the boxes without what lies outside of a picture of this size."""
    return ops.clip(boxes, 0.0, np.array([height, width, height, width], np.float32))


def _centre_and_side(boxes: Tensor) -> tuple[Tensor, Tensor]:
    side = ops.maximum(boxes[..., 2:] - boxes[..., :2], _LEAST_SIDE_PX)
    return (boxes[..., :2] + boxes[..., 2:]) / 2, side
