"""Greedy non-maximum suppression as a fixed number of products of matrices.

Loops whose end depends on the data, and lists whose length does, are handled differently by engines and
exchange formats. Here every shape is known beforehand, so that the network is one piece everywhere.
"""

from typing import Any

from keras import ops

from segmentation.models.mask_rcnn.boxes import iou_matrix

Tensor = Any

ROUNDS = 16
"""The number of rounds: enough for chains of so many boxes, each suppressed but for the one before it."""


def keep_best(boxes: Tensor, limit: float, rounds: int = ROUNDS) -> Tensor:
    """Return 1 for each box that no better one suppresses, else 0: [N, B, 4], best first -> float32 [N, B].

    A box is suppressed by a kept one before it whose intersection over union with it is above `limit`.
    Whether the first boxes of a chain are kept is final after as many rounds: each round decides all boxes
    anew by what the round before has kept, so that after `rounds` of them the answer is that of the greedy
    loop unless a chain is longer. The number of rounds should be even, after which nothing is wrongly
    suppressed.
    """
    overlapping = ops.cast(iou_matrix(boxes, boxes) > limit, "float32")  # [N, B, B]
    by_better = ops.tril(overlapping, k=-1)
    kept = ops.ones_like(boxes[..., :1])  # [N, B, 1]
    for _ in range(rounds):
        kept = ops.cast(ops.matmul(by_better, kept) < 0.5, "float32")
    return kept[..., 0]
