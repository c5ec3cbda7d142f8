"""RoI align (He et al. 2017): the features of a box of any size as a grid of fixed size.

Bilinear sampling of points on a grid parallel to the axes is a product of two matrices, one of the rows and
one of the columns. So there is nothing to gather, and the gradient is a product of matrices too.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

Tensor = Any

SAMPLES = 2
"""The number of points along each side of a cell, over which its value is the mean."""

_USUAL_CELLS = 14  # a box of 224 pixels, the size of ImageNet's training photos, at stride 16


def align(pyramid: Mapping[int, Tensor], boxes: Tensor, cells: int, samples: int = SAMPLES) -> Tensor:
    """Return the features of boxes: maps [N, H / s, W / s, C] by stride s -> [N, R, cells, cells, C].

    `boxes` [N, R, 4] are (top, left, bottom, right) in pixels of the network's input. Each sees one level of
    the pyramid: that at which it has 14 to 28 cells of features along the root of its area, or the nearest
    there is (equation 1 of Lin et al. 2017).
    """
    strides = sorted(pyramid)
    shares = level_shares(boxes, strides)  # [N, R, levels]
    parts = []
    for place, stride in enumerate(strides):
        features = pyramid[stride]  # [N, h, w, C]
        _, height, width, channels = features.shape
        rows = axis_weights(boxes[..., 0], boxes[..., 2], cells, height, stride, samples)
        rows = rows * shares[..., place][..., np.newaxis, np.newaxis]
        columns = axis_weights(boxes[..., 1], boxes[..., 3], cells, width, stride, samples)
        rows, columns = (ops.cast(weights, features.dtype) for weights in (rows, columns))
        regions = rows.shape[1]
        rows = ops.reshape(rows, (-1, regions * cells, height))
        lines = ops.matmul(rows, ops.reshape(features, (-1, height, width * channels)))
        lines = ops.reshape(lines, (-1, regions, cells, width, channels))
        parts.append(ops.matmul(ops.expand_dims(columns, 2), lines))  # [N, R, cells, cells, C]
    return sum(parts[1:], start=parts[0])


def level_shares(boxes: Tensor, strides: list[int]) -> Tensor:
    """Return 1 at the level of each box and 0 at the others: [N, R, 4] -> float32 [N, R, levels]."""
    sides = ops.maximum(boxes[..., 2:] - boxes[..., :2], 1e-3)
    root = ops.sqrt(sides[..., 0] * sides[..., 1])[..., np.newaxis]
    # those from which on a box belongs to the next level
    limits = np.array([stride * _USUAL_CELLS for stride in strides[1:]], np.float32)
    beyond = ops.cast(root >= limits, "float32")  # [N, R, levels - 1]
    ones = ops.ones_like(root)
    return ops.concatenate([ones, beyond], -1) - ops.concatenate([beyond, 0 * ones], -1)


def axis_weights(low: Tensor, high: Tensor, cells: int, length: int, stride: int, samples: int) -> Tensor:
    """Return how much each of `length` places counts in each cell along one side: [N, R, cells, length].

    `low` and `high` [N, R] are the ends of the side in pixels. Points beyond the outermost places take their
    values.
    """
    steps = (np.arange(cells * samples, dtype=np.float32) + 0.5) / (cells * samples)
    points = low[..., np.newaxis] + (high - low)[..., np.newaxis] * steps  # [N, R, cells * samples]
    points = ops.clip(points / stride - 0.5, 0.0, float(length - 1))
    distances = ops.abs(points[..., np.newaxis] - np.arange(length, dtype=np.float32))
    weights = ops.maximum(1.0 - distances, 0.0)  # [N, R, cells * samples, length]
    weights = ops.reshape(weights, (-1, weights.shape[1], cells, samples, length))
    return ops.mean(weights, axis=3)
